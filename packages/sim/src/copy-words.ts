import { BdCursor } from "./bd-cursor.ts";
import type { LaunchHook } from "./replay/launch-hook.ts";
import { shuffleOf, shuffleWords } from "./word-shuffle.ts";

/** Below this many words a loop is faster than making a view for `set`. */
const viewWords = 64;

/** One end of a copy: the words of a memory, in the order that a cursor walks them. */
export interface WordsEnd {
  readonly cursor: BdCursor;
  readonly words: Uint32Array;
}

const line = { baseWords: 0, lengthWords: 0, dims: [] };
/** Where words lie one behind the other between two patterns that do not take the same number at once. */
const staging = { cursor: new BdCursor(), words: new Uint32Array(16_384) };

/** Moves `count` words from one access pattern to another; both cursors end behind them. */
export function copyWords(from: WordsEnd, to: WordsEnd, count: number, hook?: LaunchHook): void {
  const taken = from.cursor.take(count);
  const room = to.cursor.take(count);
  if (taken === count && room === count && isDirect(from, to)) {
    copyBlock(from, to, count, hook);
    return;
  }
  stage(from, taken, count, hook);
  unstage(to, room, count, hook);
}

/** Moves `count` words from one access pattern to each of several others. */
export function broadcastWords(from: WordsEnd, sinks: readonly WordsEnd[], count: number, hook?: LaunchHook): void {
  const taken = from.cursor.take(count);
  const [first] = sinks;
  const room = first!.cursor.take(count);
  // Scattered words are collected once, where the first sink has them in one run, and go on to the others from there.
  const fromFirst = taken === count && room === count && first!.cursor.runWords === count && isDirect(from, first!);
  if (fromFirst) copyBlock(from, first!, count, hook);
  else {
    stage(from, taken, count, hook);
    unstage(first!, room, count, hook);
  }
  for (const sink of sinks) {
    if (sink === first) continue;
    const sinkRoom = sink.cursor.take(count);
    if (fromFirst && sinkRoom === count && isDirect(first!, sink)) copyBlock(first!, sink, count, hook);
    else {
      if (fromFirst) stage(first!, count, count, hook);
      unstage(sink, sinkRoom, count, hook);
    }
  }
}

/** Reads `count` words of a pattern into the start of `into`. */
export function gatherWords(from: WordsEnd, into: Uint32Array, count: number): void {
  stage(from, from.cursor.take(count), count);
  into.set(staging.words.subarray(0, count));
}

/** Writes the first `count` words of `source` along a pattern. */
export function scatterWords(source: Uint32Array, to: WordsEnd, count: number): void {
  staged(count).set(source.subarray(0, count));
  unstage(to, to.cursor.take(count), count);
}

/** All words of a transfer are read before one is written: in one memory that shows where the patterns overlap. */
function isDirect(from: WordsEnd, to: WordsEnd): boolean {
  return !from.cursor.zeros && from.words.buffer !== to.words.buffer;
}

/** Collects `count` words; the cursor stands behind the first `taken` of them. */
function stage(from: WordsEnd, taken: number, count: number, hook?: LaunchHook): void {
  const words = staged(count);
  const { cursor } = from;
  for (let done = 0, block = taken; ; block = cursor.take(count - done)) {
    if (!cursor.zeros) copyBlock(from, stagingAt(done, block), block, hook);
    else if (!hook?.zeroes(words, done, block)) words.fill(0, done, done + block);
    done += block;
    if (done >= count) return;
  }
}

/** Distributes the `count` words that were collected; the cursor stands behind the first `room` of them. */
function unstage(to: WordsEnd, room: number, count: number, hook?: LaunchHook): void {
  for (let done = 0, block = room; ; block = to.cursor.take(count - done)) {
    copyBlock(stagingAt(done, block), to, block, hook);
    done += block;
    if (done >= count) return;
  }
}

function staged(count: number): Uint32Array {
  if (staging.words.length < count) staging.words = new Uint32Array(count);
  return staging.words;
}

function stagingAt(first: number, count: number): WordsEnd {
  staging.cursor.start(line, first);
  staging.cursor.take(count);
  return staging;
}

/** True for the memory where words lie on their way between two patterns. */
export function isStaging(words: Uint32Array): boolean {
  return words === staging.words;
}

/** That memory. */
export function stagingWords(): Uint32Array {
  return staging.words;
}

/** Copies the block of `count` words that both cursors have just taken. */
function copyBlock(from: WordsEnd, to: WordsEnd, count: number, hook: LaunchHook | undefined): void {
  const runWords = commonDivisor(from.cursor.runWords, to.cursor.runWords);
  const { base: a } = from.cursor;
  const { base: b } = to.cursor;
  const isWhole = runWords === count && count >= viewWords;
  const as = isWhole ? undefined : from.cursor.runs(runWords).starts;
  const bs = isWhole ? undefined : to.cursor.runs(runWords).starts;
  if (hook?.copies({ from: from.words, a, as, to: to.words, b, bs, runWords, count })) return;
  if (as === undefined || bs === undefined) to.words.set(from.words.subarray(a, a + count), b);
  else copyRuns(from.words, a, as, to.words, b, bs, runWords);
}

/** Copies runs of `words` words: from `a` + each of `as` in `from` to `b` + each of `bs` in `to`. */
export function copyRuns(
  from: Uint32Array,
  a: number,
  as: Int32Array,
  to: Uint32Array,
  b: number,
  bs: Int32Array,
  words: number,
): void {
  const shuffle = shuffleOf(as, bs, words);
  if (shuffle !== undefined) shuffleWords(shuffle, from, a, to, b);
  else if (words === 1) copyRunsOf1(from, a, as, to, b, bs);
  else if (words === 2) copyRunsOf2(from, a, as, to, b, bs);
  else if (words >= viewWords) copyViews(from, a, as, to, b, bs, words);
  else if (words % 8 === 0) copyRunsBy8(from, a, as, to, b, bs, words);
  else if (words % 4 === 0) copyRunsBy4(from, a, as, to, b, bs, words);
  else copyRunsBy1(from, a, as, to, b, bs, words);
}

function commonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

// Runs go from `from`, where they begin at `a` + each of `as`, to `to`, `b` and `bs`. A function for each length, and not one
// with a loop inside; parameters one by one, and not a record, which took 1.3 to 2 times as long (measured on short runs).

function copyRunsOf1(from: Uint32Array, a: number, as: Int32Array, to: Uint32Array, b: number, bs: Int32Array): void {
  for (let r = 0; r < as.length; r++) {
    to[(b + bs[r]!) | 0] = from[(a + as[r]!) | 0]!;
  }
}

function copyRunsOf2(from: Uint32Array, a: number, as: Int32Array, to: Uint32Array, b: number, bs: Int32Array): void {
  for (let r = 0; r < as.length; r++) {
    const i = (a + as[r]!) | 0;
    const j = (b + bs[r]!) | 0;
    to[j] = from[i]!;
    to[j + 1] = from[i + 1]!;
  }
}

/** Runs of a multiple of eight words, two at a time where all of them begin at even words: half as many bounds are checked. */
function copyRunsBy8(
  from: Uint32Array,
  a: number,
  as: Int32Array,
  to: Uint32Array,
  b: number,
  bs: Int32Array,
  words: number,
): void {
  const isPaired = ((a | b | (from.byteOffset >> 2) | (to.byteOffset >> 2)) & 1) === 0 && isEven(as) && isEven(bs);
  if (isPaired) copyPairsBy4(pairsOf(from), a >> 1, as, pairsOf(to), b >> 1, bs, words >> 1);
  else copyRunsBy4(from, a, as, to, b, bs, words);
}

/** `as`, `bs` count words, `a`, `b` and `count` pairs of them. */
function copyPairsBy4(
  from: BigUint64Array,
  a: number,
  as: Int32Array,
  to: BigUint64Array,
  b: number,
  bs: Int32Array,
  count: number,
): void {
  for (let r = 0; r < as.length; r++) {
    let i = (a + (as[r]! >> 1)) | 0;
    let j = (b + (bs[r]! >> 1)) | 0;
    for (const end = (i + count) | 0; i < end; i = (i + 4) | 0, j = (j + 4) | 0) {
      to[j] = from[i]!;
      to[j + 1] = from[i + 1]!;
      to[j + 2] = from[i + 2]!;
      to[j + 3] = from[i + 3]!;
    }
  }
}

const pairs = new WeakMap<Uint32Array, BigUint64Array>();
const evens = new WeakMap<Int32Array, boolean>();

/** The same memory, two words at a time. */
function pairsOf(words: Uint32Array): BigUint64Array {
  const known = pairs.get(words);
  if (known !== undefined) return known;
  const made = new BigUint64Array(words.buffer, words.byteOffset, words.length >> 1);
  pairs.set(words, made);
  return made;
}

/** Whether all runs begin at even words. */
function isEven(starts: Int32Array): boolean {
  const known = evens.get(starts);
  if (known !== undefined) return known;
  const even = starts.every((start) => (start & 1) === 0);
  evens.set(starts, even);
  return even;
}

function copyRunsBy4(
  from: Uint32Array,
  a: number,
  as: Int32Array,
  to: Uint32Array,
  b: number,
  bs: Int32Array,
  words: number,
): void {
  for (let r = 0; r < as.length; r++) {
    let i = (a + as[r]!) | 0;
    let j = (b + bs[r]!) | 0;
    for (const end = (i + words) | 0; i < end; i = (i + 4) | 0, j = (j + 4) | 0) {
      to[j] = from[i]!;
      to[j + 1] = from[i + 1]!;
      to[j + 2] = from[i + 2]!;
      to[j + 3] = from[i + 3]!;
    }
  }
}

function copyRunsBy1(
  from: Uint32Array,
  a: number,
  as: Int32Array,
  to: Uint32Array,
  b: number,
  bs: Int32Array,
  words: number,
): void {
  for (let r = 0; r < as.length; r++) {
    let i = (a + as[r]!) | 0;
    let j = (b + bs[r]!) | 0;
    for (const end = (i + words) | 0; i < end; i = (i + 1) | 0, j = (j + 1) | 0) to[j] = from[i]!;
  }
}

function copyViews(
  from: Uint32Array,
  a: number,
  as: Int32Array,
  to: Uint32Array,
  b: number,
  bs: Int32Array,
  words: number,
): void {
  for (let r = 0; r < as.length; r++) {
    const i = a + as[r]!;
    to.set(from.subarray(i, i + words), b + bs[r]!);
  }
}
