import type { HostBuffer } from "../controller.ts";
import type { CallStep, LaunchTape, TapeStep } from "./launch-tape.ts";
import { isOnTheWay, playCall, playCopy, stepsPerLook, type TapePlay } from "./play-step.ts";

/** Does again what a tape holds: the copies and kernel calls of a launch, without the events that led to them. */
export class TapePlayer implements TapePlay {
  played = 0;
  differs = false;
  /** A kernel that fails is called again where its fault can be explained. */
  readonly failure = undefined;
  #steps: readonly TapeStep[];
  readonly #host: readonly HostBuffer[];

  constructor(tape: LaunchTape, host: readonly HostBuffer[]) {
    this.#steps = tape.steps;
    this.#host = host;
    tape.mirror?.fill(host);
  }

  get steps(): readonly TapeStep[] {
    return this.#steps;
  }

  play(isLate: () => boolean): "reached" | "pause" {
    const steps = this.#steps;
    const host = this.#host;
    for (let i = this.played; i < steps.length; i++) {
      const step = steps[i]!;
      if (step.kind === "copy") playCopy(step, host);
      else if (step.kind === "call") {
        if (!this.#call(step, i)) return "reached";
      } else if (step.kind === "zero") step.to.fill(0, step.first, step.first + step.count);
      else step.to[step.index] = step.value;
      if (i % stepsPerLook !== 0 || isOnTheWay(steps, i)) continue;
      this.played = i + 1;
      if (isLate()) return "pause";
    }
    this.played = steps.length;
    return "reached";
  }

  /** False when the call differs. */
  #call(step: CallStep, position: number): boolean {
    this.played = position;
    let now: CallStep;
    try {
      now = playCall(step);
    } catch {
      step.site.recover();
      this.differs = true;
      return false;
    }
    if (now === step) return true;
    this.#steps = this.#steps.with(position, now);
    this.played = position + 1;
    this.differs = true;
    return false;
  }
}
