/**
 * The text of an MLIR string literal, quotes included. Escapes are `\n`, `\t`, `\\`, `\"` and two hexadecimal digits
 * for a byte of UTF-8.
 */
export function unquote(literal: string): string {
  const bytes: number[] = [];
  for (const [part, code] of literal.slice(1, -1).matchAll(/\\([0-9A-Fa-f]{2}|.)|[^\\]+/gs)) {
    if (code === undefined) bytes.push(...new TextEncoder().encode(part));
    else if (code.length === 2) bytes.push(Number.parseInt(code, 16));
    else bytes.push(({ n: "\n", t: "\t" }[code] ?? code).charCodeAt(0));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** An MLIR string literal: bytes outside printable ASCII, and quotes, become two hexadecimal digits. */
export function quote(value: string): string {
  const characters = Array.from(new TextEncoder().encode(value), (byte) => {
    if (byte === 0x5c) return "\\\\";
    if (byte >= 0x20 && byte < 0x7f && byte !== 0x22) return String.fromCharCode(byte);
    return `\\${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return `"${characters.join("")}"`;
}
