/** One token of C++ text. Comments, and the content of strings, are gone. */
export interface CppToken {
  /** `string` and `char` literals have no text of their own. */
  readonly kind: "name" | "number" | "string" | "punctuation" | "directive";
  /** Of a directive: the whole line without `#`, continuation lines joined. */
  readonly text: string;
  readonly line: number;
}

const token =
  /(\s+)|(\/\/[^\n]*)|(\/\*[\s\S]*?\*\/)|((?:u8|[uUL])?R"([^(\s]*)\([\s\S]*?\)\5")|((?:u8|[uUL])?"(?:[^"\\\n]|\\.)*")|((?:u8|[uUL])?'(?:[^'\\\n]|\\.)+')|([A-Za-z_]\w*)|(\.?\d(?:[eEpP][+-]|'\w|[\w.])*)|(::|->|&&|\|\||\.\.\.|[\s\S])/y;

/** Splits C++ into tokens; text that is no C++ gives tokens all the same. */
export function cppTokens(text: string): readonly CppToken[] {
  const tokens: CppToken[] = [];
  let line = 1;
  let startOfLine = true;
  for (let at = 0; at < text.length; ) {
    if (startOfLine && text[at] === "#") {
      const directive = /#(?:\\\r?\n|\/\*[\s\S]*?\*\/|[^\n])*/y;
      directive.lastIndex = at;
      const whole = directive.exec(text)?.[0] ?? "#";
      const plain = whole.replace(/\\\r?\n/g, " ").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/g, " ");
      tokens.push({ kind: "directive", text: plain.slice(1).trim(), line });
      line += countLines(whole);
      at += whole.length;
      continue;
    }
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null) break;
    const [whole, space, , , , , string, character, name, number] = match;
    const raw = match[4];
    if (name !== undefined) tokens.push({ kind: "name", text: name, line });
    else if (number !== undefined) tokens.push({ kind: "number", text: number, line });
    else if (string !== undefined || character !== undefined || raw !== undefined)
      tokens.push({ kind: "string", text: string ?? "", line });
    else if (match[10] !== undefined) tokens.push({ kind: "punctuation", text: whole, line });
    startOfLine = space !== undefined ? startOfLine || whole.includes("\n") : match[3] !== undefined && startOfLine;
    line += countLines(whole);
    at += whole.length;
  }
  return tokens;
}

/** Index of the token that closes the bracket at `open`; the end where nothing does. */
export function closingIndex(tokens: readonly CppToken[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const { kind, text } = tokens[i] as CppToken;
    if (kind !== "punctuation") continue;
    if (text === "(" || text === "[" || text === "{") depth++;
    if (text === ")" || text === "]" || text === "}") depth--;
    if (depth === 0) return i;
  }
  return tokens.length;
}

/** As closingIndex for `<`, which only counts as a bracket where a template's name or `template` is before it. */
export function closingAngle(tokens: readonly CppToken[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const text = tokens[i]?.text;
    if (text === "(" || text === "[" || text === "{") {
      i = closingIndex(tokens, i);
      continue;
    }
    if (text === "<") depth++;
    if (text === ">") depth--;
    if (depth === 0) return i;
    if (text === ";" || text === ")" || text === "}") return -1;
  }
  return -1;
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}
