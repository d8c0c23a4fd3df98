import type { BdCursor } from "./bd-cursor.ts";

/** Below this many words a loop is faster than making views for `set`. */
const viewWords = 64;

/** One end of a copy: the words of a memory, in the order that a cursor walks them. */
export interface WordsEnd {
  readonly cursor: BdCursor;
  readonly words: Uint32Array;
}

let scratch = new Uint32Array(16_384);

/** Moves `count` words from one access pattern to another; both cursors end behind them. */
export function copyWords(from: WordsEnd, to: WordsEnd, count: number): void {
  const taken = to.cursor.take(count);
  if (taken === count && isOneRun(to.cursor)) {
    gather(from, to.words, to.cursor.base, count);
    return;
  }
  if (scratch.length < count) scratch = new Uint32Array(count);
  gather(from, scratch, 0, count);
  scatterBlock(scratch, 0, to);
  scatter(scratch, taken, to, count);
}

/** Reads `count` words of a pattern into the start of `into`. */
export function gatherWords(from: WordsEnd, into: Uint32Array, count: number): void {
  gather(from, into, 0, count);
}

/** Writes the first `count` words of `source` along a pattern. */
export function scatterWords(source: Uint32Array, to: WordsEnd, count: number): void {
  scatter(source, 0, to, count);
}

function isOneRun({ sizes, strides }: BdCursor): boolean {
  return strides[3] === 1 && sizes[2] === 1 && sizes[1] === 1 && sizes[0] === 1;
}

function gather(from: WordsEnd, into: Uint32Array, at: number, count: number): void {
  const { cursor } = from;
  for (let done = 0; done < count; ) {
    const taken = cursor.take(count - done);
    if (cursor.zeros) into.fill(0, at + done, at + done + taken);
    else gatherBlock(from, into, at + done);
    done += taken;
  }
}

function scatter(source: Uint32Array, first: number, to: WordsEnd, end: number): void {
  for (let done = first; done < end; ) {
    const taken = to.cursor.take(end - done);
    scatterBlock(source, done, to);
    done += taken;
  }
}

function gatherBlock({ cursor, words }: WordsEnd, into: Uint32Array, at: number): void {
  const { sizes, strides } = cursor;
  const [n0, n1, n2, n3] = [sizes[0]!, sizes[1]!, sizes[2]!, sizes[3]!];
  const [s0, s1, s2, s3] = [strides[0]!, strides[1]!, strides[2]!, strides[3]!];
  const step = stepOf(s3, n3);
  let out = at;
  for (let i0 = 0, a0 = cursor.base; i0 < n0; i0++, a0 += s0) {
    for (let i1 = 0, a1 = a0; i1 < n1; i1++, a1 += s1) {
      for (let i2 = 0, a2 = a1; i2 < n2; i2++, a2 += s2) {
        const end = out + n3;
        if (step === 0) into.set(words.subarray(a2, a2 + n3), out);
        else if (step === 4) {
          for (let a3 = a2; out < end; out += 4, a3 += 4) {
            into[out] = words[a3]!;
            into[out + 1] = words[a3 + 1]!;
            into[out + 2] = words[a3 + 2]!;
            into[out + 3] = words[a3 + 3]!;
          }
        } else if (step === 2) {
          for (let a3 = a2; out < end; out += 2, a3 += 2) {
            into[out] = words[a3]!;
            into[out + 1] = words[a3 + 1]!;
          }
        } else for (let a3 = a2; out < end; out++, a3 += s3) into[out] = words[a3]!;
        out = end;
      }
    }
  }
}

function scatterBlock(from: Uint32Array, at: number, { cursor, words }: WordsEnd): void {
  const { sizes, strides } = cursor;
  const [n0, n1, n2, n3] = [sizes[0]!, sizes[1]!, sizes[2]!, sizes[3]!];
  const [s0, s1, s2, s3] = [strides[0]!, strides[1]!, strides[2]!, strides[3]!];
  const step = stepOf(s3, n3);
  let taken = at;
  for (let i0 = 0, a0 = cursor.base; i0 < n0; i0++, a0 += s0) {
    for (let i1 = 0, a1 = a0; i1 < n1; i1++, a1 += s1) {
      for (let i2 = 0, a2 = a1; i2 < n2; i2++, a2 += s2) {
        const end = taken + n3;
        if (step === 0) words.set(from.subarray(taken, end), a2);
        else if (step === 4) {
          for (let a3 = a2; taken < end; taken += 4, a3 += 4) {
            words[a3] = from[taken]!;
            words[a3 + 1] = from[taken + 1]!;
            words[a3 + 2] = from[taken + 2]!;
            words[a3 + 3] = from[taken + 3]!;
          }
        } else if (step === 2) {
          for (let a3 = a2; taken < end; taken += 2, a3 += 2) {
            words[a3] = from[taken]!;
            words[a3 + 1] = from[taken + 1]!;
          }
        } else for (let a3 = a2; taken < end; taken++, a3 += s3) words[a3] = from[taken]!;
        taken = end;
      }
    }
  }
}

/** Words of an innermost row that are moved at a time; 0: all of them. */
function stepOf(stride: number, count: number): 0 | 1 | 2 | 4 {
  if (stride !== 1) return 1;
  if (count >= viewWords) return 0;
  return count % 4 === 0 ? 4 : count % 2 === 0 ? 2 : 1;
}
