import type { HostBuffer } from "../controller.ts";
import type { LaunchTape, TapeStep } from "../replay/launch-tape.ts";
import { type CallFailure, stepsPerLook, type TapePlay } from "../replay/play-step.ts";
import { TapePlayer } from "../replay/tape-player.ts";
import type { StrandRunner } from "./strand-runner.ts";

/**
 * Plays a tape that was cut into strands, on this thread and others. Where a kernel fails or does not do what it did, cores are
 * put back to where they were, and the tape is played step by step: so what it comes to is the same.
 */
export class StrandPlayer implements TapePlay {
  readonly #tape: LaunchTape;
  readonly #host: readonly HostBuffer[];
  readonly #runner: StrandRunner;
  readonly #onEnd: (inStrands: boolean) => void;
  #hasBegun = false;
  /** The strand that this thread is at, and the next step of it. */
  #at: { readonly strand: number; step: number } | undefined;
  #stepwise: TapePlayer | undefined;
  /** Steps of strands that this thread has done, of all. */
  #done = 0;

  /** `onEnd` is told whether the launch went in strands, or was played step by step without a difference. */
  constructor(
    tape: LaunchTape,
    host: readonly HostBuffer[],
    runner: StrandRunner,
    onEnd: (inStrands: boolean) => void,
  ) {
    this.#tape = tape;
    this.#host = host;
    this.#runner = runner;
    this.#onEnd = onEnd;
  }

  get steps(): readonly TapeStep[] {
    return this.#stepwise?.steps ?? this.#tape.steps;
  }

  /** Before the end, a part of the tape as large as that of the strands which has been done here. */
  get played(): number {
    if (this.#stepwise) return this.#stepwise.played;
    const all = this.#runner.plan.strands.reduce((sum, { length }) => sum + length, 0);
    return Math.floor((this.steps.length * this.#done) / all);
  }

  get differs(): boolean {
    return this.#stepwise?.differs ?? false;
  }

  get failure(): CallFailure | undefined {
    return this.#stepwise?.failure;
  }

  play(isLate: () => boolean): "reached" | "pause" {
    if (this.#stepwise) return this.#playStepwise(this.#stepwise, isLate);
    const { turns } = this.#runner;
    if (!this.#hasBegun) this.#begin();
    if (!turns.hasImages(isLate)) return "pause";
    while (this.#nextSteps()) if (isLate()) return "pause";
    if (!turns.settled(isLate)) return "pause";
    if (!turns.failed) {
      this.#runner.end(this.#host);
      this.#onEnd(true);
      return "reached";
    }
    this.#runner.takeBack(turns.begun);
    this.#stepwise = new TapePlayer(this.#tape, this.#host);
    return this.#playStepwise(this.#stepwise, isLate);
  }

  #playStepwise(stepwise: TapePlayer, isLate: () => boolean): "reached" | "pause" {
    const end = stepwise.play(isLate);
    if (end === "reached" && !stepwise.differs) this.#onEnd(false);
    return end;
  }

  #begin(): void {
    const { turns, machine } = this.#runner;
    this.#hasBegun = true;
    this.#runner.begin(this.#host);
    for (let part = turns.nextImages(); part; part = turns.nextImages()) {
      for (let i = part.first; i < part.end; i++) machine.image(i);
      turns.imagesDone();
    }
  }

  /** Some steps of a strand; false when there are none left for this thread. */
  #nextSteps(): boolean {
    const { turns, machine, plan, isProven } = this.#runner;
    if (this.#at === undefined) {
      const strand = turns.nextStrand();
      if (strand === undefined) return false;
      this.#at = { strand, step: 0 };
    }
    const { strand, step } = this.#at;
    const next = machine.run(strand, step, stepsPerLook, isProven);
    const { length } = plan.strands[strand]!;
    if (next >= 0) this.#done += Math.min(next, length) - Math.min(step, length);
    this.#at.step = next;
    if (next < 0 || next === Number.POSITIVE_INFINITY) {
      this.#at = undefined;
      turns.strandDone(strand, next > 0);
    }
    return true;
  }
}
