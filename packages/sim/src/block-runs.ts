/** A block of an access pattern: words `base + i0 strides[0] + ... + i3 strides[3]` for each i below `sizes`, i3 fastest. */
interface Block {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
}

/** A block as runs of consecutive words, all of the same length. */
export interface BlockRuns {
  readonly runWords: number;
  /** First word of each run, counted from the block's base, in the order of the pattern. */
  readonly starts: Int32Array;
}

/** Tables together may have this many entries (4 MiB); then all are forgotten. */
const mostEntries = 2 ** 20;

/** The few shapes of blocks that a design has, each walked once: a walk takes longer than the copy. */
const known = new Map<string, BlockRuns>();
let entries = 0;

/** Runs of a block, each of `runWords` words, which must divide the longest that there are. */
export function blockRuns(block: Block, runWords: number): BlockRuns {
  const key = `${block.sizes} ${block.strides} ${runWords}`;
  const found = known.get(key);
  if (found) return found;
  const made = { runWords, starts: walk(block, runWords) };
  entries += made.starts.length;
  if (entries > mostEntries) {
    known.clear();
    entries = made.starts.length;
  }
  known.set(key, made);
  return made;
}

/** The longest runs of consecutive words that a block has. */
export function longestRun({ sizes, strides }: Block): number {
  let words = 1;
  for (let k = 3; k >= 0; k--) {
    if (sizes[k] === 1) continue;
    if (strides[k] !== words) break;
    words *= sizes[k]!;
  }
  return words;
}

function walk({ sizes, strides }: Block, runWords: number): Int32Array {
  const words = sizes.reduce((product, size) => product * size, 1);
  const starts = new Int32Array(words / runWords);
  for (let r = 0; r < starts.length; r++) {
    let rest = r * runWords;
    let start = 0;
    for (let k = 3; k >= 0; k--) {
      start += (rest % sizes[k]!) * strides[k]!;
      rest = Math.floor(rest / sizes[k]!);
    }
    starts[r] = start;
  }
  return starts;
}

/** First word of runs of `runWords` words, and the first behind all of them. */
export function runsExtent(starts: Int32Array, runWords: number): { readonly first: number; readonly end: number } {
  const first = starts.reduce((a, b) => Math.min(a, b));
  return { first, end: starts.reduce((a, b) => Math.max(a, b)) + runWords };
}
