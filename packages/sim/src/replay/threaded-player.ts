import type { HostBuffer } from "../controller.ts";
import type { Core } from "../core.ts";
import { FailedCall, type KernelThreads } from "../kernel-threads.ts";
import type { CallStep, LaunchTape, TapeStep } from "./launch-tape.ts";
import { type CallFailure, isOnTheWay, playCall, playCopy, stepsPerLook, type TapePlay } from "./play-step.ts";
import { type ByteRange, type StepTouch, touchesOf } from "./step-touch.ts";

/** A call that other threads may be at. */
interface Flight {
  readonly position: number;
  readonly step: CallStep;
  readonly ranges: readonly ByteRange[];
}

/**
 * Plays a tape with kernel calls in several threads: a call goes on beside the steps behind it until one of them touches a buffer
 * of its arguments, or calls on the same core. As without a tape, only calls whose cycles are known beforehand go there.
 */
export class ThreadedTapePlayer implements TapePlay {
  played = 0;
  differs = false;
  failure: CallFailure | undefined;
  #steps: readonly TapeStep[];
  readonly #touches: readonly StepTouch[];
  readonly #host: readonly HostBuffer[];
  readonly #threads: KernelThreads;
  readonly #flights = new Map<Core, Flight>();

  constructor(tape: LaunchTape, host: readonly HostBuffer[], threads: KernelThreads) {
    this.#steps = tape.steps;
    this.#touches = touchesOf(tape.steps);
    this.#host = host;
    this.#threads = threads;
    tape.mirror?.fill(host);
  }

  get steps(): readonly TapeStep[] {
    return this.#steps;
  }

  play(isLate: () => boolean): "reached" | "pause" {
    const steps = this.#steps;
    for (let i = this.played; i < steps.length; i++) {
      const step = steps[i]!;
      if (!this.#makeWay(this.#touches[i]!) || (step.kind === "call" && !this.#call(step, i))) return "reached";
      if (step.kind === "copy") playCopy(step, this.#host);
      else if (step.kind === "zero") step.to.fill(0, step.first, step.first + step.count);
      else if (step.kind === "write") step.to[step.index] = step.value;
      this.played = i + 1;
      if (i % stepsPerLook === 0 && !isOnTheWay(steps, i) && isLate()) return this.#land() ? "pause" : "reached";
    }
    this.#land();
    return "reached";
  }

  /** Waits for calls that the next step would meet. False when one has failed. */
  #makeWay({ from, to, calls }: StepTouch): boolean {
    for (const place of [from, to]) {
      const flight = place && this.#flights.get(place.core);
      if (flight?.ranges.some((range) => range.first < place!.end && place!.first < range.end)) {
        if (!this.#end(flight)) return false;
      }
    }
    const same = calls && this.#flights.get(calls.core);
    return same === undefined || this.#end(same);
  }

  /** False when the call differs. */
  #call(step: CallStep, position: number): boolean {
    const { site, core, args } = step;
    const { threaded } = site;
    core.kernel = site.name;
    if (threaded?.foreseen(args) === step.cycles) {
      threaded.begin(args, step.cycles);
      this.#flights.set(core, { position, step, ranges: this.#touches[position]!.calls!.ranges });
      return true;
    }
    const startedAt = performance.now();
    this.#threads.working = core.threads?.core;
    try {
      const now = playCall(step);
      threaded?.ranHere(performance.now() - startedAt, now.cycles);
      if (now === step) return true;
      if (!this.#land()) return false;
      this.#steps = this.#steps.with(position, now);
      this.played = position + 1;
    } catch {
      site.recover();
      if (!this.#land()) return false;
      this.played = position;
    } finally {
      this.#threads.working = undefined;
    }
    this.differs = true;
    return false;
  }

  /** Waits for all calls that are under way. False when one has failed. */
  #land(): boolean {
    for (const flight of [...this.#flights.values()]) if (!this.#end(flight)) return false;
    return true;
  }

  #end(flight: Flight): boolean {
    const failed = this.#failureOf(flight);
    if (failed === undefined) return true;
    // Of several, the one that comes first on one thread.
    const failures = [failed, ...[...this.#flights.values()].flatMap((other) => this.#failureOf(other) ?? [])];
    const first = failures.reduce((a, b) => (a.position < b.position ? a : b));
    this.played = first.position;
    this.failure = first;
    this.differs = true;
    return false;
  }

  #failureOf({ step, position }: Flight): (CallFailure & { readonly position: number }) | undefined {
    this.#flights.delete(step.core);
    try {
      step.site.threaded!.land();
      return undefined;
    } catch (error) {
      if (!(error instanceof FailedCall)) throw error;
      return { error: error.error, stackPointer: error.stackPointer, position };
    }
  }
}
