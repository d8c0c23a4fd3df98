/** Words whose places in the store are known. */
export interface WordValue {
  readonly id: number;
  readonly places: Places;
  /** Cores in whose strands the words come to be; none for those that are there from the launch's start. */
  readonly cores: readonly number[];
  /** Where they lie one behind the other; undefined as long as they do not. */
  home: number | undefined;
}

/** Addresses of `count` words: one behind the other from `start` on, or `at` has each. */
export type Places =
  | { readonly count: number; readonly start: number; readonly at?: undefined }
  | { readonly count: number; readonly start?: undefined; readonly at: Int32Array };

export const runOf = (start: number, count: number): Places => ({ start, count });

export function placesOf(at: Int32Array): Places {
  const count = at.length;
  for (let i = 1; i < count; i++) if (at[i] !== at[i - 1]! + 1) return { count, at };
  return { count, start: at[0]! };
}

/** Words [first, end) of a memory hold those of `value` from `offset` on. */
export interface Segment {
  readonly first: number;
  readonly end: number;
  readonly value: WordValue;
  readonly offset: number;
}

/** What is known of the words of one memory. */
export class KnownWords {
  #segments: Segment[] = [];

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Segments that have words of [first, end), in their order. */
  within(first: number, end: number): readonly Segment[] {
    return this.#segments.filter((one) => one.first < end && first < one.end);
  }

  put(segment: Segment): void {
    const { first, end } = segment;
    const at = this.#segments.findIndex((one) => one.end > first);
    const there = this.#segments[at];
    if (there?.first === first && there.end === end) {
      this.#segments[at] = segment;
      return;
    }
    this.forget(first, end);
    const behind = this.#segments.findIndex((one) => one.first >= end);
    this.#segments.splice(behind < 0 ? this.#segments.length : behind, 0, segment);
  }

  forget(first: number, end: number): void {
    if (!this.#segments.some((one) => one.first < end && first < one.end)) return;
    this.#segments = this.#segments.flatMap((one) => {
      if (one.end <= first || end <= one.first) return [one];
      const before = one.first < first ? [{ ...one, end: first }] : [];
      const behind = end < one.end ? [{ ...one, first: end, offset: one.offset + end - one.first }] : [];
      return [...before, ...behind];
    });
  }

  clear(): void {
    this.#segments = [];
  }
}

/** Parts of [first, end) of which nothing is known. */
export function gapsBetween(segments: readonly Segment[], first: number, end: number) {
  const gaps: { readonly first: number; readonly end: number }[] = [];
  let at = first;
  for (const one of segments) {
    if (one.first > at) gaps.push({ first: at, end: one.first });
    at = Math.max(at, one.end);
  }
  if (at < end) gaps.push({ first: at, end });
  return gaps;
}
