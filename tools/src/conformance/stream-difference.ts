import { AiekitError } from "@aiekit/core";
import { decodeTxn, encodeTxn, type TxnOp, type TxnStream } from "@aiekit/xclbin";
import { hex, opText, wordMeaning } from "./stream-words.ts";
import type { Difference } from "./verdict.ts";

interface StreamPair {
  readonly sequence: string;
  readonly expected: Uint8Array;
  readonly got: Uint8Array;
}

/** The first word in which two instruction streams differ, with the operation it belongs to; undefined when they are equal. */
export function streamDifference({ sequence, expected, got }: StreamPair): Difference | undefined {
  const [want, have] = [wordsOf(expected), wordsOf(got)];
  const at = want.findIndex((word, i) => word !== have[i]);
  if (at < 0 && want.length === have.length) return undefined;
  const first = at < 0 ? want.length : at;
  const [ofTool, ofUs] = [operationAt(expected, first), operationAt(got, first)];
  const meaning = ofTool ?? ofUs;
  const what = `sequence @${sequence}: word ${first}${meaning === undefined ? "" : `, ${meaning.what}`}`;
  return { what, expected: side(want[first], ofTool), got: side(have[first], ofUs) };
}

function side(word: number | undefined, place: WordPlace | undefined): string {
  if (word === undefined) return "the end of the stream";
  return place === undefined ? hex(word) : `${hex(word)} (${place.op})`;
}

interface WordPlace {
  /** `op 3 blockwrite, word 2 of its 12: ...` */
  readonly what: string;
  readonly op: string;
}

const headerWords = [
  "version, device generation and rows",
  "columns and memtile rows",
  "number of operations",
  "bytes",
];

function operationAt(bytes: Uint8Array, word: number): WordPlace | undefined {
  const header = headerWords[word];
  if (header !== undefined) return { what: `header: ${header}`, op: "header" };
  const stream = decode(bytes);
  if (stream === undefined) return undefined;
  let start = headerWords.length;
  for (const [i, op] of stream.ops.entries()) {
    const count = recordWords(stream, op);
    if (word < start + count) {
      const meaning = wordMeaning(op, word - start);
      return { what: `op ${i} (${op.op}), ${meaning}`, op: opText(op) };
    }
    start += count;
  }
  return undefined;
}

/** A stream that cannot be read still has words that can be compared. */
function decode(bytes: Uint8Array): TxnStream | undefined {
  try {
    return decodeTxn(bytes);
  } catch (error) {
    if (error instanceof AiekitError) return undefined;
    throw error;
  }
}

function recordWords(stream: TxnStream, op: TxnOp): number {
  return encodeTxn({ ...stream, ops: [op] }).length / 4 - headerWords.length;
}

function wordsOf(bytes: Uint8Array): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength >>> 2 }, (_, i) => view.getUint32(i * 4, true));
}
