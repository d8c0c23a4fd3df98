import type { BdCursor } from "./bd-cursor.ts";

/** Below this many words a loop is faster than making views for `set`. */
const viewWords = 24;

/** One end of a move: a cursor and the memory that it walks. */
export interface WordsEnd {
  readonly cursor: BdCursor;
  readonly words: Uint32Array;
}

/** Moves `count` words from one access pattern to another; both cursors end behind them. */
export function copyWords(from: WordsEnd, to: WordsEnd, count: number): void {
  const source = from.cursor;
  const target = to.cursor;
  for (let left = count; left > 0; ) {
    const run = Math.min(left, source.runWords, target.runWords);
    if (source.zeros) to.words.fill(0, target.address, target.address + run);
    else copyRun(from.words, source.address, to.words, target.address, run);
    source.advance(run);
    target.advance(run);
    left -= run;
  }
}

/** Reads `count` words of a pattern into the start of `into`. */
export function gatherWords(from: WordsEnd, into: Uint32Array, count: number): void {
  for (let done = 0; done < count; ) {
    const run = Math.min(count - done, from.cursor.runWords);
    if (from.cursor.zeros) into.fill(0, done, done + run);
    else copyRun(from.words, from.cursor.address, into, done, run);
    from.cursor.advance(run);
    done += run;
  }
}

/** Writes the first `count` words of `source` along a pattern. */
export function scatterWords(source: Uint32Array, to: WordsEnd, count: number): void {
  for (let done = 0; done < count; ) {
    const run = Math.min(count - done, to.cursor.runWords);
    copyRun(source, done, to.words, to.cursor.address, run);
    to.cursor.advance(run);
    done += run;
  }
}

function copyRun(from: Uint32Array, fromAt: number, to: Uint32Array, toAt: number, count: number): void {
  if (count >= viewWords) {
    to.set(from.subarray(fromAt, fromAt + count), toAt);
    return;
  }
  for (let i = 0; i < count; i++) to[toAt + i] = from[fromAt + i]!;
}
