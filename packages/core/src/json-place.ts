/**
 * Where a value of a JSON text begins: `path` is written as in messages, `sequences[0].args[1].bytes`. A value that is not
 * there is told by what it should be in; a text that is no JSON by the first character that cannot be. Counts characters.
 */
export function jsonPlace(text: string, path: string): number {
  const steps = [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map((match) => match[1] ?? match[2]!);
  const scan = { text, at: 0, wanted: steps, found: 0 };
  try {
    value(scan, { depth: 0, isOnPath: true });
    return scan.found;
  } catch (error) {
    if (error instanceof NotJson) return scan.at;
    throw error;
  }
}

/** A text that is no JSON: where is told by the scan. */
class NotJson extends Error {}

interface Scan {
  readonly text: string;
  at: number;
  readonly wanted: readonly string[];
  /** Start of the deepest value of the path so far. */
  found: number;
}

interface Level {
  readonly depth: number;
  /** The values around this one are those of the path. */
  readonly isOnPath: boolean;
}

// JSON.parse takes any depth; a manifest has five levels.
const depthLimit = 500;

function value(scan: Scan, { depth, isOnPath }: Level): void {
  blank(scan);
  if (depth > depthLimit) throw new NotJson();
  if (isOnPath && depth <= scan.wanted.length) scan.found = scan.at;
  const first = scan.text[scan.at];
  if (first === "{") members(scan, { depth, isOnPath });
  else if (first === "[") elements(scan, { depth, isOnPath });
  else if (first === '"') string(scan);
  else take(scan, /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y);
}

function members(scan: Scan, { depth, isOnPath }: Level): void {
  list(scan, "}", () => {
    blank(scan);
    const key = string(scan);
    blank(scan);
    take(scan, /:/y);
    value(scan, { depth: depth + 1, isOnPath: isOnPath && scan.wanted[depth] === key });
  });
}

function elements(scan: Scan, { depth, isOnPath }: Level): void {
  let index = 0;
  list(scan, "]", () => {
    value(scan, { depth: depth + 1, isOnPath: isOnPath && scan.wanted[depth] === `${index}` });
    index++;
  });
}

function list(scan: Scan, end: "}" | "]", item: () => void): void {
  scan.at++;
  blank(scan);
  if (scan.text[scan.at] === end) {
    scan.at++;
    return;
  }
  for (;;) {
    item();
    blank(scan);
    if (take(scan, end === "}" ? /[,}]/y : /[,\]]/y) === end) return;
  }
}

function string(scan: Scan): string {
  // From the space on: control characters may not stand in a string as they are.
  const text = take(scan, /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y);
  return JSON.parse(text) as string;
}

function blank(scan: Scan): void {
  take(scan, /[ \t\n\r]*/y);
}

function take(scan: Scan, pattern: RegExp): string {
  pattern.lastIndex = scan.at;
  const found = pattern.exec(scan.text)?.[0];
  if (found === undefined) throw new NotJson();
  scan.at += found.length;
  return found;
}
