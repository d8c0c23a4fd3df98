/**
 * One sequence from sequences of which each begins in what the one before ends with. They are laid over each other where
 * most of the overlap is equal, at least two tokens; then the first half of the overlap is the left one's, the second the
 * right one's. Where nothing fits they are put one behind the other.
 * Source: transformers, models/whisper/tokenization_whisper.py, `_find_longest_common_sequence`.
 */
export function stitchTokens(sequences: readonly (readonly number[])[]): number[] {
  const [first = [], ...others] = sequences;
  const whole: number[] = [];
  let left: readonly number[] = first;
  for (const right of others) {
    const { leftMiddle, rightMiddle } = tokenOverlap(left, right);
    whole.push(...left.slice(0, leftMiddle));
    left = right.slice(rightMiddle);
  }
  return [...whole, ...left];
}

/** Longer overlaps are taken before shorter ones that fit as well. */
const longerIsBetter = 1e-4;

/** Where the left sequence ends and the right one goes on, and the share of equal tokens between; 0 where nothing fits. */
export function tokenOverlap(left: readonly number[], right: readonly number[]) {
  let best = 0;
  let middles = { leftMiddle: left.length, rightMiddle: 0, equalShare: 0 };
  for (let shift = 1; shift < left.length + right.length; shift++) {
    const leftStart = Math.max(0, left.length - shift);
    const leftStop = Math.min(left.length, left.length + right.length - shift);
    const rightStart = Math.max(0, shift - left.length);
    let equal = 0;
    for (let i = leftStart; i < leftStop; i++) if (left[i] === right[rightStart + i - leftStart]) equal++;
    const fit = equal / shift + shift * longerIsBetter;
    if (equal < 2 || fit <= best) continue;
    best = fit;
    const rightStop = Math.min(right.length, shift);
    middles = {
      leftMiddle: Math.floor((leftStart + leftStop) / 2),
      rightMiddle: Math.floor((rightStart + rightStop) / 2),
      equalShare: equal / (leftStop - leftStart),
    };
  }
  return middles;
}
