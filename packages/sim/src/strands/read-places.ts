import type { CopyShape } from "./copy-shape.ts";
import { type Places, placesOf, runOf, type Segment } from "./word-values.ts";

/** Where the words of a copy are that reads at `base` + what its shape tells. */
export function readAt({ order, isStraight }: CopyShape, base: number): Places {
  return isStraight ? runOf(base + order[0]!, order.length) : placesOf(lessThan(order, -base));
}

/** The same in a memory whose words are those of `segments`; the copy reads at `a` + what its shape tells. */
export function readIn(segments: readonly Segment[], a: number, { order, isStraight }: CopyShape): Places {
  let segment = segments[0]!;
  const { start } = segment.value.places;
  if (isStraight && segments.length === 1 && start !== undefined) {
    return runOf(start + segment.offset + a + order[0]! - segment.first, order.length);
  }
  const found = new Int32Array(order.length);
  for (let i = 0; i < order.length; i++) {
    const word = a + order[i]!;
    if (word < segment.first || word >= segment.end) {
      segment = segments.find((one) => one.first <= word && word < one.end)!;
    }
    const { start, at } = segment.value.places;
    const offset = segment.offset + word - segment.first;
    found[i] = at === undefined ? start + offset : at[offset]!;
  }
  return placesOf(found);
}

/** Each of `words` less `least`. */
export function lessThan(words: Int32Array, least: number): Int32Array {
  const less = new Int32Array(words.length);
  for (let i = 0; i < words.length; i++) less[i] = words[i]! - least;
  return less;
}

export function leastOf(words: Int32Array): number {
  let least = words[0]!;
  for (let i = 1; i < words.length; i++) least = Math.min(least, words[i]!);
  return least;
}
