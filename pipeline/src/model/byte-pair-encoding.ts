/** Order of the merges, by the two tokens' ids. */
export type MergeRanks = ReadonlyMap<number, { readonly rank: number; readonly merged: number }>;

/** Two ids in one number: ids are below 2^24. */
export function pairKey(left: number, right: number): number {
  return left * 2 ** 24 + right;
}

/**
 * Merges pairs of neighbours until none is left that has a rank: lowest rank first, of equals the leftmost. In n log n steps, so
 * that a text without spaces takes no quadratic time.
 */
export function mergePairs(ids: readonly number[], ranks: MergeRanks): number[] {
  const symbols = Array.from(ids);
  const next = symbols.map((_, i) => (i + 1 < symbols.length ? i + 1 : -1));
  const previous = symbols.map((_, i) => i - 1);
  const queue: Candidate[] = [];
  const consider = (at: number): void => {
    const right = at < 0 ? -1 : next[at]!;
    if (right < 0) return;
    const merge = ranks.get(pairKey(symbols[at]!, symbols[right]!));
    if (merge !== undefined) push(queue, { ...merge, at, left: symbols[at]!, rightId: symbols[right]! });
  };
  for (let i = 0; i + 1 < symbols.length; i++) consider(i);
  for (let best = pop(queue); best !== undefined; best = pop(queue)) {
    const { at, left, rightId, merged } = best;
    const right = next[at]!;
    // One of the two has been merged with another neighbour since.
    if (symbols[at] !== left || right < 0 || symbols[right] !== rightId) continue;
    symbols[at] = merged;
    symbols[right] = gone;
    next[at] = next[right]!;
    if (next[at]! >= 0) previous[next[at]!] = at;
    consider(previous[at]!);
    consider(at);
  }
  return symbols.filter((id) => id !== gone);
}

const gone = -1;

interface Candidate {
  readonly rank: number;
  readonly at: number;
  readonly merged: number;
  readonly left: number;
  readonly rightId: number;
}

function isBefore(a: Candidate, b: Candidate): boolean {
  return a.rank === b.rank ? a.at < b.at : a.rank < b.rank;
}

// A binary heap: the children of i are 2 i + 1 and 2 i + 2.
function push(heap: Candidate[], candidate: Candidate): void {
  let i = heap.push(candidate) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!isBefore(candidate, heap[parent]!)) break;
    heap[i] = heap[parent]!;
    i = parent;
  }
  heap[i] = candidate;
}

function pop(heap: Candidate[]): Candidate | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (top === undefined || last === undefined || heap.length === 0) return top;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, last)) break;
    heap[i] = heap[child]!;
    i = child;
  }
  heap[i] = last;
  return top;
}
