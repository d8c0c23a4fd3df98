import { BdCursor } from "./bd-cursor.ts";
import { gatherWords, scatterWords } from "./copy-words.ts";
import type { Shadow } from "./shadow.ts";
import type { StreamEnd } from "./stream-end.ts";

const cursor = new BdCursor();
let scratch = new Uint32Array(1024);
const zeros = (words: number): Uint32Array => {
  if (scratch.length < words) scratch = new Uint32Array(words);
  return scratch.fill(0, 0, words);
};

/** The next `words` of a sink will have been written. Its cursor stays where it is. */
export function wordsDefined(sink: StreamEnd, words: number): void {
  cursor.follow(sink.cursor);
  scatterWords(zeros(words), { cursor, words: sink.shadow!.words }, words);
}

/** @throws SimFault when one of the next `words` of a source was never written. Its cursor stays where it is. */
export function expectDefined(source: StreamEnd, words: number, cycle: number): void {
  const shadow = source.shadow as Shadow;
  const states = zeros(words);
  cursor.follow(source.cursor);
  gatherWords({ cursor, words: shadow.words }, states, words);
  for (let i = 0; i < words; i++) {
    if (states[i] === 0) continue;
    cursor.follow(source.cursor);
    const address = shadow.firstUndefined(4 * wordAt(cursor, i), 4)!;
    throw shadow.readFault(source.transferName, address, { cycle, bd: source.transferName.split(", ")[1]! });
  }
}

/** Index in memory of the word that a cursor comes to after `steps` others. */
function wordAt(from: BdCursor, steps: number): number {
  for (let left = steps + 1; ; ) {
    const taken = from.take(left);
    left -= taken;
    if (left > 0) continue;
    return from.sizes.reduce((word, size, k) => word + (size - 1) * from.strides[k]!, from.base);
  }
}
