import type { HostBuffer } from "../controller.ts";
import { copyRuns } from "../copy-words.ts";
import { shuffleView, shuffleWords } from "../word-shuffle.ts";
import type { CallStep, CopyStep, TapeStep } from "./launch-tape.ts";

/** Steps between two looks at the clock on the wall. */
export const stepsPerLook = 64;

/** True behind a step that leaves words on their way between two patterns, where another array would put its own over them. */
export function isOnTheWay(steps: readonly TapeStep[], position: number): boolean {
  const next = steps[position + 1];
  return next !== undefined && isStaged(steps[position]!) && isStaged(next);
}

const isStaged = (step: TapeStep): boolean => (step.kind === "copy" || step.kind === "zero") && step.isStaged;

/** A launch as it is played from a tape. */
export interface TapePlay {
  /** The tape with what came out of its steps in this launch, up to `played`. */
  readonly steps: readonly TapeStep[];
  /** Steps that have been done. */
  readonly played: number;
  /** A kernel failed, or did not take the cycles it took before: what follows is not what the tape says. */
  readonly differs: boolean;
  /** How the kernel of the next step failed, where it cannot be called again. */
  readonly failure: CallFailure | undefined;
  /** Plays until the tape ends, a kernel differs, or `isLate`. */
  play(isLate: () => boolean): "reached" | "pause";
}

export interface CallFailure {
  readonly error: unknown;
  /** Of the instance that ran the kernel. */
  readonly stackPointer: number | undefined;
}

/** Words that have arrived in a buffer. */
export function wordsPlayed({ steps, played }: TapePlay): number {
  let words = 0;
  for (let i = 0; i < played; i++) {
    const step = steps[i]!;
    if (step.kind === "copy" && step.arrives) words += step.count;
  }
  return words;
}

export function playCopy(step: CopyStep, host: readonly HostBuffer[]): void {
  const { fromArg, toArg, as, bs, a, b, shuffle, view } = step;
  const from = fromArg < 0 ? step.from : host[fromArg]!.words;
  const to = toArg < 0 ? step.to : host[toArg]!.words;
  if (shuffle !== undefined) {
    if (step.mirrorAt >= 0) {
      shuffle.engine.run(shuffle, step.mirrorAt);
      to.set(shuffle.out, b + shuffle.to);
    } else if (view === undefined) shuffleWords(shuffle, from, a, to, b);
    else shuffleView(shuffle, view, to, b);
  } else if (as === undefined || bs === undefined) to.set(view ?? from.subarray(a, a + step.count), b);
  else copyRuns(from, a, as, to, b, bs, step.runWords);
}

/** Calls a kernel on this thread. The same step where it did what it did before, else with what it does now. @throws what it throws. */
export function playCall(step: CallStep): CallStep {
  const { site } = step;
  const value = site.narrowed(step.invoke());
  const took = site.took(step);
  if (took && Object.is(value, step.value)) return step;
  const { cycles, ops } = took ? step : site;
  return { ...step, value, cycles, ops };
}
