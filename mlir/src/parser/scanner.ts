import { FormatError } from "@aiekit/core";
import type { Location } from "../ir/operation.ts";

type TokenKind =
  | "word" // keyword, operation name: scf.for
  | "value" // %x, %5#1
  | "block" // ^bb0
  | "symbol" // @name, quotes kept
  | "alias" // #map, #aie.packet_info
  | "type-alias" // !aie.objectfifo
  | "string"
  | "integer"
  | "float"
  | "punctuation"
  | "end";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** First character of the token in the text. */
  readonly start: number;
  readonly end: number;
}

const blank = /(?:\s+|\/\/[^\n]*)*/y;
/** Tried in this order: a float before an integer, a number before a word. */
const patterns: readonly (readonly [TokenKind, RegExp])[] = [
  ["value", /%[\w$.-]+(?:#\d+)?/],
  ["block", /\^[\w$.-]+/],
  ["symbol", /@(?:"(?:[^"\\\n]|\\.)*"|[A-Za-z_][\w$.]*)/],
  ["alias", /#[A-Za-z_][\w$.]*/],
  ["type-alias", /![A-Za-z_][\w$.]*/],
  ["string", /"(?:[^"\\\n]|\\.)*"/],
  ["integer", /0x[0-9a-fA-F]+/],
  ["float", /\d+\.\d*(?:[eE][-+]?\d+)?/],
  ["integer", /\d+/],
  ["word", /[A-Za-z_][\w$.]*/],
  ["punctuation", /->|::|\.\.\.|==|>=|[(){}[\]<>,:=?*+\-/]/],
];
const anyToken = new RegExp(patterns.map(([, pattern]) => `(${pattern.source})`).join("|"), "y");

/** Regions, attributes and types in each other; the designs of a whole array need fewer than 20. */
const depthMax = 256;

/** A cursor over MLIR text: one token of look-ahead and errors that show the line. */
export class Scanner {
  readonly text: string;
  readonly file: string;
  #position = 0;
  #next: Token | undefined;
  #lineStarts: readonly number[] | undefined;
  #depth = 0;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
  }

  /** The next token, not consumed. */
  peek(): Token {
    this.#next ??= this.#scan();
    return this.#next;
  }

  /** Consumes and returns the next token. */
  take(): Token {
    const token = this.peek();
    this.#position = token.end;
    this.#next = undefined;
    return token;
  }

  /** Consumes the next token when it is spelled `text`. */
  accept(text: string): boolean {
    const token = this.peek();
    if (token.text !== text || token.kind === "string") return false;
    this.take();
    return true;
  }

  /** @throws FormatError when the next token is not spelled `text`. */
  expect(text: string, where = ""): Token {
    const token = this.peek();
    if (token.text !== text || token.kind === "string") throw this.error(token, `'${text}'${where && ` ${where}`}`);
    return this.take();
  }

  /** Consumes a token of one kind. @throws FormatError saying that `what` was expected. */
  expectKind(kind: TokenKind, what: string): Token {
    if (this.peek().kind !== kind) throw this.error(this.peek(), what);
    return this.take();
  }

  /** Consumes what `pattern` (sticky) matches here, without token rules: dimension lists, opaque bodies. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.peek().start;
    const found = pattern.exec(this.text);
    if (!found) return undefined;
    this.#position = pattern.lastIndex;
    this.#next = undefined;
    return found;
  }

  /** Reads something that can hold its own kind. @throws FormatError when such things stand in each other too deep. */
  nested<T>(read: () => T): T {
    if (this.#depth >= depthMax) throw this.errorAt(this.peek().start, `nested more than ${depthMax} levels deep`);
    this.#depth++;
    const result = read();
    this.#depth--;
    return result;
  }

  /** Goes back to the start of `token`. */
  rewind(token: Token): void {
    this.#position = token.start;
    this.#next = undefined;
  }

  location(offset: number): Location {
    const starts = this.#starts();
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return { file: this.file, line: low + 1, column: offset - starts[low]! + 1 };
  }

  /** Where a location of this text is. */
  offsetAt({ line, column }: Pick<Location, "line" | "column">): number {
    return (this.#starts()[line - 1] ?? 0) + column - 1;
  }

  /** `FILE:LINE:COLUMN: expected WHAT, found TOKEN`, the line, and a caret below it. */
  error(token: Token, expected: string): FormatError {
    const found = token.kind === "end" ? "the end of the file" : `'${token.text}'`;
    return this.errorAt(token.start, `expected ${expected}, found ${found}`);
  }

  errorAt(offset: number, message: string, hint?: string): FormatError {
    const { line, column } = this.location(offset);
    const source = this.text.split("\n")[line - 1] ?? "";
    const caret = `${source.slice(0, column - 1).replace(/[^\t]/g, " ")}^`;
    return new FormatError(`${this.file}:${line}:${column}: ${message}\n${source}\n${caret}`, {
      offset,
      ...(hint === undefined ? {} : { hint }),
    });
  }

  #starts(): readonly number[] {
    this.#lineStarts ??= [0, ...[...this.text.matchAll(/\n/g)].map((found) => found.index + 1)];
    return this.#lineStarts;
  }

  #scan(): Token {
    blank.lastIndex = this.#position;
    blank.exec(this.text);
    const start = blank.lastIndex;
    if (start >= this.text.length) return { kind: "end", text: "", start: this.text.length, end: this.text.length };
    anyToken.lastIndex = start;
    const found = anyToken.exec(this.text);
    for (let i = 0; found && i < patterns.length; i++) {
      const text = found[i + 1];
      if (text !== undefined) return { kind: patterns[i]![0], text, start, end: start + text.length };
    }
    throw this.errorAt(start, `unexpected character ${JSON.stringify(this.text[start])}`);
  }
}
