import type { Core } from "../core.ts";
import type { KernelSiteFunction } from "../kernel-call.ts";
import type { LaunchHook } from "./launch-hook.ts";
import type { CallStep, TapeStep } from "./launch-tape.ts";
import type { OwnMemory } from "./own-memory.ts";
import type { CallFailure } from "./play-step.ts";

/**
 * Takes the array through a launch of which the first `played` steps have been done from a tape: locks, DMAs, cores and the
 * clock go on as they did, and memory is left alone until then. From there on the launch is one like any other.
 */
export class LaunchRerun implements LaunchHook {
  readonly #steps: readonly TapeStep[];
  readonly #played: number;
  readonly #own: OwnMemory;
  #failure: CallFailure | undefined;
  #position = 0;

  /** `failure`: of the kernel whose call is the first step that was not played. */
  constructor(part: { steps: readonly TapeStep[]; played: number; failure?: CallFailure | undefined }, own: OwnMemory) {
    this.#steps = part.steps;
    this.#played = part.played;
    this.#failure = part.failure;
    this.#own = own;
  }

  copies(): boolean {
    return this.#next("copy") !== undefined;
  }

  zeroes(): boolean {
    return this.#next("zero") !== undefined;
  }

  writes(to: Uint32Array, index: number): boolean {
    return !this.#own.has(to, index, 1) && this.#next("write") !== undefined;
  }

  calls(_core: Core, site: KernelSiteFunction, args: readonly (number | bigint)[]): number | bigint | undefined {
    const step = this.#next("call") as CallStep | undefined;
    if (step === undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure !== undefined) throw site.faultOf(failure.error, args, failure.stackPointer);
      return site.run(...args);
    }
    site.cycles = step.cycles;
    site.ops = step.ops;
    return step.value;
  }

  fires(): void {}

  strays(): void {}

  #next(kind: TapeStep["kind"]): TapeStep | undefined {
    if (this.#position >= this.#played) return undefined;
    const step = this.#steps[this.#position++]!;
    if (step.kind === kind) return step;
    throw new Error(
      `simulated array: step ${this.#position - 1} of a launch was ${step.kind}, and is ${kind} now; please report this`,
    );
  }
}
