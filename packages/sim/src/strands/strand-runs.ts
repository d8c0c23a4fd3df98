import type { AieArrayOptions } from "../array-options.ts";
import type { HostBuffer } from "../controller.ts";
import type { KernelThreads } from "../kernel-threads.ts";
import type { LaunchTape } from "../replay/launch-tape.ts";
import type { TapePlay } from "../replay/play-step.ts";
import type { RecordedTape } from "../replay/recorded-tape.ts";
import { TapePlayer } from "../replay/tape-player.ts";
import { ThreadedTapePlayer } from "../replay/threaded-player.ts";
import { cutTape } from "./cut-tape.ts";
import { SharedTurns } from "./shared-turns.ts";
import type { StrandPlan } from "./strand-plan.ts";
import { StrandPlayer } from "./strand-player.ts";
import { StrandRunner } from "./strand-runner.ts";
import { StrandStore } from "./strand-store.ts";
import { OwnTurns } from "./strand-turns.ts";

/**
 * Plays of a tape before it is cut, with one thread and with several. Cutting takes as long as 2 to 10 launches, of which one
 * thread then saves up to a tenth, and two save 40 % (measured on matmul and conv1d).
 */
const playsBefore = { one: 30, several: 2 };
/** Of all plans of an array: 64 MiB. */
const mostStoreWords = 16 * 2 ** 20;
/** Modelled cycles of calls, from which on waking other threads takes a small part of what they save. */
const threadedFromCycles = 40_000;

interface Known {
  plays: number;
  /** Undefined before it was cut, and for a tape that is better played as it is. */
  runner: StrandRunner | undefined;
}

/** The tapes of an array that are played in strands. */
export class StrandRuns {
  readonly #known = new WeakMap<RecordedTape, Known>();
  readonly #runners: StrandRunner[] = [];
  readonly #threads: KernelThreads | undefined;
  readonly #when: AieArrayOptions["strands"];
  #storeWords = 0;
  #launches = 0;

  constructor(threads: KernelThreads | undefined, when: AieArrayOptions["strands"]) {
    this.#threads = threads;
    this.#when = when;
  }

  /** That were played in strands to their end. */
  get launches(): number {
    return this.#launches;
  }

  /** No launch comes any more. */
  close(): void {
    for (const { homes } of this.#runners.splice(0)) homes.leave();
  }

  /** Plays `tape` in strands, or else step by step. */
  playerOf(tape: LaunchTape, host: readonly HostBuffer[]): TapePlay {
    const inStrands = this.#strandsOf(tape, host);
    if (inStrands !== undefined) return inStrands;
    return this.#threads ? new ThreadedTapePlayer(tape, host, this.#threads) : new TapePlayer(tape, host);
  }

  #strandsOf(tape: LaunchTape, host: readonly HostBuffer[]): StrandPlayer | undefined {
    const known = this.#known.get(tape.recorded) ?? { plays: 0, runner: undefined };
    this.#known.set(tape.recorded, known);
    if (known.plays++ === this.#playsBefore) known.runner = this.#cut(tape);
    if (!known.runner?.homes.makeRoom(host)) return undefined;
    return new StrandPlayer(tape, host, known.runner, (inStrands) => {
      if (inStrands) this.#launches++;
      // A kernel that works in the order of the tape only, as one that sets its counters and does not add to them.
      else known.runner = undefined;
    });
  }

  get #playsBefore(): number {
    if (this.#when === "always") return 0;
    return this.#threads ? playsBefore.several : playsBefore.one;
  }

  #cut(tape: LaunchTape): StrandRunner | undefined {
    if (this.#when === "never") return undefined;
    // With one thread, what is saved are copies that change the order.
    if (!this.#threads && this.#when !== "always" && !tape.steps.some((step) => step.kind === "copy" && step.as))
      return undefined;
    const plan = cutTape(tape, this.#threads?.count ?? 1);
    if (plan === undefined || this.#storeWords + plan.storeWords > mostStoreWords) return undefined;
    // Without these, a kernel cannot be put back to where it was, or may never return.
    if (plan.cores.some(({ module }) => module?.registers === undefined || module.budget === undefined))
      return undefined;
    const threads = this.#threads && this.#sharesWell(plan) ? this.#threads : undefined;
    if (!threads && this.#when !== "always" && !movesLess(plan)) return undefined;
    this.#storeWords += plan.storeWords;
    const store = new StrandStore(plan, threads !== undefined);
    const turns = threads ? new SharedTurns(threads, plan, store) : new OwnTurns(plan);
    const runner = new StrandRunner(plan, store, turns);
    this.#runners.push(runner);
    return runner;
  }

  #sharesWell({ strands, threadedCores }: StrandPlan): boolean {
    if (strands.length < 2 || threadedCores.includes(-1)) return false;
    const cycles = strands.flat().reduce((sum, op) => sum + (op.kind === "call" ? op.cycles : 0), 0);
    return this.#when === "always" || cycles >= threadedFromCycles;
  }
}

function movesLess({ moved, tapeMoves }: StrandPlan): boolean {
  return moved < tapeMoves;
}
