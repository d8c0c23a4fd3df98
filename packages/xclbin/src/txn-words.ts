import { FormatError } from "@aiekit/core";

/**
 * The 32-bit words of an instruction file. Text (one hexadecimal word a line, the default of 2024) is told from binary by
 * its content, because files called .txt hold either.
 * @throws FormatError for a binary file that is no whole number of words, or the first line that is no word.
 */
export function instructionWords(bytes: Uint8Array, name: string): Uint32Array {
  if (isHexText(bytes)) return wordsOfText(bytes, name);
  if (bytes.length % 4 !== 0) {
    throw new FormatError(`${name}: expected whole 32-bit words, got ${bytes.length} bytes`, {
      offset: bytes.length - (bytes.length % 4),
      hint: "the file is cut off: copy or build it again",
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}

/** True for a file of hexadecimal words, told by its first one. */
export function isHexText(bytes: Uint8Array): boolean {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 64)).trimStart();
  return /^(0x)?[0-9a-f]{8}(\s|$)/i.test(start);
}

function wordsOfText(bytes: Uint8Array, name: string): Uint32Array {
  const words: number[] = [];
  let offset = 0;
  for (const [index, line] of new TextDecoder("latin1").decode(bytes).split("\n").entries()) {
    for (const word of line.split(/\s+/).filter((text) => text !== "")) {
      if (!/^(0x)?[0-9a-f]{1,8}$/i.test(word)) {
        const found = JSON.stringify(word.slice(0, 20));
        throw new FormatError(`${name}: line ${index + 1}: expected a 32-bit word of 8 hex digits, got ${found}`, {
          offset,
        });
      }
      words.push(Number.parseInt(word, 16));
    }
    offset += line.length + 1;
  }
  return Uint32Array.from(words);
}
