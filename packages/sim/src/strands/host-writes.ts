import type { HostWrite } from "./strand-plan.ts";
import { placesOf, type WordValue } from "./word-values.ts";

/** Words that go to host memory in one copy of the tape: where they belong, and their values in the order of the copy. */
export interface WrittenWords {
  readonly value: WordValue;
  readonly to: Omit<HostWrite, "from">;
  /** These are all words that the launch writes to the argument. */
  readonly isJoined: boolean;
}

/** Longer runs are copied as fast one by one. */
const longestRun = 64;

/**
 * Copies that write the same words with as few runs as there can be: where an argument is written in short runs, and wholly from its
 * first word to its last, all of it is put in order first. `made` makes a value of words of others.
 */
export function joinedWrites(
  written: readonly WrittenWords[],
  made: (parts: ReturnType<typeof placesOf>, cores: readonly number[]) => WordValue,
) {
  const args = [...new Set(written.map(({ to }) => to.arg))];
  return args.flatMap((arg): readonly WrittenWords[] => {
    const ofArg = written.filter(({ to }) => to.arg === arg);
    const isShort = ofArg.some(({ to }) => to.starts !== undefined && to.runWords < longestRun);
    const all = isShort ? wholeOf(ofArg) : undefined;
    if (all === undefined) return ofArg;
    const cores = [...new Set(ofArg.flatMap(({ value }) => value.cores))];
    const count = all.at.length;
    const to = { arg, b: all.first, starts: undefined, runWords: count, count };
    return [{ value: made(placesOf(all.at), cores), to, isJoined: true }];
  });
}

/** Where each word comes from, the last that was written there; undefined where some word between is not written. */
function wholeOf(written: readonly WrittenWords[]): { readonly first: number; readonly at: Int32Array } | undefined {
  let first = Number.POSITIVE_INFINITY;
  let end = 0;
  for (const { to } of written) {
    for (const start of startsOf(to)) {
      first = Math.min(first, to.b + start);
      end = Math.max(end, to.b + start + to.runWords);
    }
  }
  const at = new Int32Array(end - first).fill(-1);
  for (const { value, to } of written) {
    const { start, at: places } = value.places;
    let word = 0;
    for (const run of startsOf(to)) {
      const base = to.b + run - first;
      for (let i = 0; i < to.runWords; i++, word++) at[base + i] = places === undefined ? start + word : places[word]!;
    }
  }
  return at.includes(-1) ? undefined : { first, at };
}

const startsOf = ({ starts }: Omit<HostWrite, "from">): Int32Array | readonly number[] => starts?.bs ?? [0];
