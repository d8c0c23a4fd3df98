import type { HostBuffer } from "../controller.ts";
import { copyRuns } from "../copy-words.ts";
import { shuffleView, shuffleWords } from "../word-shuffle.ts";
import type { CallStep, CopyStep, LaunchTape, TapeStep } from "./launch-tape.ts";

/** Steps between two looks at the clock on the wall. */
const stepsPerLook = 64;

/** Does again what a tape holds: the copies and kernel calls of a launch, without the events that led to them. */
export class TapePlayer {
  /** Steps that have been done. */
  played = 0;
  /** A kernel failed, or did not take the cycles it took before: what follows is not what the tape says. */
  differs = false;
  #steps: readonly TapeStep[];
  readonly #host: readonly HostBuffer[];

  constructor(tape: LaunchTape, host: readonly HostBuffer[]) {
    this.#steps = tape.steps;
    this.#host = host;
    tape.mirror?.fill(host);
  }

  /** The tape with what came out of its steps in this launch, up to `played`. */
  get steps(): readonly TapeStep[] {
    return this.#steps;
  }

  /** Words that have arrived in a buffer. */
  get wordsMoved(): number {
    let words = 0;
    for (let i = 0; i < this.played; i++) {
      const step = this.#steps[i]!;
      if (step.kind === "copy" && step.arrives) words += step.count;
    }
    return words;
  }

  /** Plays until the tape ends, a kernel differs, or `isLate`. */
  play(isLate: () => boolean): "reached" | "pause" {
    const steps = this.#steps;
    let i = this.played;
    for (; i < steps.length; i++) {
      const step = steps[i]!;
      if (step.kind === "copy") this.#copy(step);
      else if (step.kind === "call") {
        if (!this.#call(step, i)) return "reached";
      } else if (step.kind === "zero") step.to.fill(0, step.first, step.first + step.count);
      else step.to[step.index] = step.value;
      this.played = i + 1;
      if (i % stepsPerLook === 0 && isLate()) return "pause";
    }
    return "reached";
  }

  #copy(step: CopyStep): void {
    const { fromArg, toArg, as, bs, a, b, shuffle, view } = step;
    const from = fromArg < 0 ? step.from : this.#host[fromArg]!.words;
    const to = toArg < 0 ? step.to : this.#host[toArg]!.words;
    if (shuffle !== undefined) {
      if (step.mirrorAt >= 0) {
        shuffle.engine.run(shuffle, step.mirrorAt);
        to.set(shuffle.out, b + shuffle.to);
      } else if (view === undefined) shuffleWords(shuffle, from, a, to, b);
      else shuffleView(shuffle, view, to, b);
    } else if (as === undefined || bs === undefined) to.set(view ?? from.subarray(a, a + step.count), b);
    else copyRuns(from, a, as, to, b, bs, step.runWords);
  }

  /** False when the call differs. */
  #call(step: CallStep, position: number): boolean {
    const { site } = step;
    let value: number | bigint | undefined;
    try {
      value = site.narrowed(step.invoke());
    } catch {
      // It is called again where its fault can be explained.
      this.differs = true;
      return false;
    }
    const took = site.took(step);
    if (took && Object.is(value, step.value)) return true;
    const { cycles, ops } = took ? step : site;
    this.#steps = this.#steps.with(position, { ...step, value, cycles, ops });
    this.played = position + 1;
    this.differs = true;
    return false;
  }
}
