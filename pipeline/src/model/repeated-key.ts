/**
 * The first key that an object of the JSON text holds twice, or undefined. JSON.parse keeps the last in silence. `text` is valid
 * JSON.
 */
export function repeatedKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  const mark = /["{}[\]]/g;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    const [token] = found;
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token !== '"') open.pop();
    else {
      const end = endOfString(text, found.index);
      mark.lastIndex = end;
      const keys = open.at(-1);
      if (keys === undefined || !isBeforeColon(text, end)) continue;
      const key = JSON.parse(text.slice(found.index, end)) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

/** Behind the quote that closes the string. A regular expression would run out of stack on a string of some megabytes. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at);
    let slashes = 0;
    while (text[at - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
}

function isBeforeColon(text: string, at: number): boolean {
  const rest = /\s*:/y;
  rest.lastIndex = at;
  return rest.test(text);
}
