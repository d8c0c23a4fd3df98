import type { BdCursor, BdLoops } from "./bd-cursor.ts";

/** Below this many words a loop is faster than making views for `set`. */
const viewWords = 24;

/** One end of a move: a cursor and the memory that it walks. */
export interface WordsEnd {
  readonly cursor: BdCursor;
  readonly words: Uint32Array;
}

let scratch = new Uint32Array(16_384);

/** Moves `count` words from one access pattern to another; both cursors end behind them. */
export function copyWords(from: WordsEnd, to: WordsEnd, count: number): void {
  const source = from.cursor.loops(count);
  const target = to.cursor.loops(count);
  if (source === undefined || target === undefined) {
    copyByRuns(from, to, count);
    return;
  }
  if (isOneRun(target)) {
    gatherLoops(source, from.words, { to: to.words, at: target.base });
  } else if (isOneRun(source)) {
    scatterLoops({ from: from.words, at: source.base }, target, to.words);
  } else {
    if (scratch.length < count) scratch = new Uint32Array(count);
    gatherLoops(source, from.words, { to: scratch, at: 0 });
    scatterLoops({ from: scratch, at: 0 }, target, to.words);
  }
  from.cursor.taken(count);
  to.cursor.taken(count);
}

/** Reads `count` words of a pattern into the start of `into`. */
export function gatherWords(from: WordsEnd, into: Uint32Array, count: number): void {
  const { cursor, words } = from;
  const loops = cursor.loops(count);
  if (loops !== undefined) {
    gatherLoops(loops, words, { to: into, at: 0 });
    cursor.taken(count);
    return;
  }
  for (let done = 0; done < count; ) {
    const run = Math.min(count - done, cursor.runWords);
    if (cursor.zeros) into.fill(0, done, done + run);
    else copyRun(words, cursor.address, into, done, run);
    cursor.advance(run);
    done += run;
  }
}

/** Writes the first `count` words of `source` along a pattern. */
export function scatterWords(source: Uint32Array, to: WordsEnd, count: number): void {
  const { cursor, words } = to;
  const loops = cursor.loops(count);
  if (loops !== undefined) {
    scatterLoops({ from: source, at: 0 }, loops, words);
    cursor.taken(count);
    return;
  }
  for (let done = 0; done < count; ) {
    const run = Math.min(count - done, cursor.runWords);
    copyRun(source, done, words, cursor.address, run);
    cursor.advance(run);
    done += run;
  }
}

function copyByRuns(from: WordsEnd, to: WordsEnd, count: number): void {
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

function isOneRun({ sizes, strides }: BdLoops): boolean {
  return strides[3] === 1 && sizes[0] === 1 && sizes[1] === 1 && sizes[2] === 1;
}

function gatherLoops(
  { base, sizes, strides }: BdLoops,
  from: Uint32Array,
  { to, at }: { to: Uint32Array; at: number },
): void {
  const [n0, n1, n2, n3] = sizes as [number, number, number, number];
  const [s0, s1, s2, s3] = strides as [number, number, number, number];
  let out = at;
  for (let i0 = 0, a0 = base; i0 < n0; i0++, a0 += s0) {
    for (let i1 = 0, a1 = a0; i1 < n1; i1++, a1 += s1) {
      for (let i2 = 0, a2 = a1; i2 < n2; i2++, a2 += s2) {
        if (s3 === 1) copyRun(from, a2, to, out, n3);
        else for (let i3 = 0, a3 = a2; i3 < n3; i3++, a3 += s3) to[out + i3] = from[a3]!;
        out += n3;
      }
    }
  }
}

function scatterLoops(
  { from, at }: { from: Uint32Array; at: number },
  { base, sizes, strides }: BdLoops,
  to: Uint32Array,
): void {
  const [n0, n1, n2, n3] = sizes as [number, number, number, number];
  const [s0, s1, s2, s3] = strides as [number, number, number, number];
  let taken = at;
  for (let i0 = 0, a0 = base; i0 < n0; i0++, a0 += s0) {
    for (let i1 = 0, a1 = a0; i1 < n1; i1++, a1 += s1) {
      for (let i2 = 0, a2 = a1; i2 < n2; i2++, a2 += s2) {
        if (s3 === 1) copyRun(from, taken, to, a2, n3);
        else for (let i3 = 0, a3 = a2; i3 < n3; i3++, a3 += s3) to[a3] = from[taken + i3]!;
        taken += n3;
      }
    }
  }
}

function copyRun(from: Uint32Array, fromAt: number, to: Uint32Array, toAt: number, count: number): void {
  if (count >= viewWords) {
    to.set(from.subarray(fromAt, fromAt + count), toAt);
    return;
  }
  for (let i = 0; i < count; i++) to[toAt + i] = from[fromAt + i]!;
}
