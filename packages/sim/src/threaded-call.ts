import { type KernelOps, kernelCycles, uncountedKernelCycles } from "./cost-model.ts";
import { kernelFault } from "./kernel-fault.ts";
import type { KernelSite } from "./kernel-site.ts";
import { FailedCall, type ThreadedCore } from "./kernel-threads.ts";

/** Weight of the last call in the mean time of a site's calls. */
const freshness = 0.2;

interface CallResult {
  readonly value: number | bigint | undefined;
  readonly cycles: number;
  /** Undefined where the kernel counts none. */
  readonly ops: KernelOps | undefined;
}

/** A tree of maps: a level for each argument and register, below the last of which the cycles are. */
type KnownCalls = Map<number | bigint | typeof cyclesKey, KnownCalls | number>;
const cyclesKey = "cycles";

function within(calls: KnownCalls, key: number | bigint): KnownCalls {
  const known = calls.get(key) as KnownCalls | undefined;
  if (known !== undefined) return known;
  const made: KnownCalls = new Map();
  calls.set(key, made);
  return made;
}

/** One place where a core calls a kernel that other threads may run. */
export class ThreadedCall {
  readonly #site: KernelSite;
  readonly #core: ThreadedCore;
  readonly #number: number;
  readonly #fromMs: number;
  readonly #isFixed: boolean;
  /** Cycles that calls took, by what they depend on one after the other; of kernels whose counts follow from that. */
  readonly #known: KnownCalls = new Map();
  /** Where the cycles of the present call belong; undefined when nobody asked for them. */
  #place: KnownCalls | undefined;
  #foreseen = 0;
  #args: readonly (number | bigint)[] = [];
  /** Mean wall-clock time of a call. Undefined before the first. */
  #meanMs: number | undefined;
  readonly #argumentBytes: (args: readonly (number | bigint)[]) => number;

  /** `fromUs`: calls that take less stay on the array's own thread. */
  constructor(
    parts: { readonly site: KernelSite; readonly core: ThreadedCore; readonly fromUs: number },
    argumentBytes: (args: readonly (number | bigint)[]) => number,
  ) {
    const { site, core, fromUs } = parts;
    this.#site = site;
    this.#core = core;
    this.#fromMs = fromUs / 1000;
    this.#number = core.numberOf(site.call.name, site.call.pointers.length);
    this.#isFixed = site.module!.threaded!.kernels.countsFixed(site.call.name);
    this.#argumentBytes = argumentBytes;
  }

  /**
   * Cycles that a call will take, if it is worth the way to another thread and back and they are known beforehand: from its
   * arguments where the kernel counts nothing, from an earlier call where its counts are proven to be the same. Undefined for
   * calls that the array's own thread has to run.
   */
  foreseen(args: readonly (number | bigint)[]): number | undefined {
    this.#place = undefined;
    if (!this.#pays) return undefined;
    const { cost, module } = this.#site;
    if (!module!.takeOps) return uncountedKernelCycles(cost, this.#argumentBytes(args));
    if (!this.#isFixed) return undefined;
    let place = this.#known;
    for (const arg of args) place = within(place, arg);
    for (const register of module!.threaded!.kernels.timingRegisters) {
      place = within(place, this.#core.register(register));
    }
    this.#place = place;
    return place.get(cyclesKey) as number | undefined;
  }

  /** Hands over a call that will take the cycles foreseen. */
  begin(args: readonly (number | bigint)[], cycles: number): void {
    this.#args = args;
    this.#foreseen = cycles;
    this.#core.begin(this.#number, args);
  }

  get #pays(): boolean {
    return this.#number >= 0 && (this.#fromMs === 0 || (this.#meanMs ?? 0) >= this.#fromMs);
  }

  /** The array's own thread has run a call that was not handed over. */
  ranHere(ms: number, cycles: number): void {
    this.#took(ms);
    this.#place?.set(cyclesKey, cycles);
  }

  #took(ms: number): void {
    this.#meanMs = this.#meanMs === undefined ? ms : this.#meanMs + (ms - this.#meanMs) * freshness;
  }

  /** Waits for the call that was handed over. @throws SimFault as a call on the array's own thread does. */
  end(): CallResult {
    try {
      return this.land();
    } catch (error) {
      if (!(error instanceof FailedCall)) throw error;
      const pointers = this.#args.filter((_, i) => this.#site.call.pointers[i]) as number[];
      throw kernelFault(error.error, { site: this.#site, pointers, stackPointer: error.stackPointer });
    }
  }

  /** The same. @throws FailedCall, which somebody else explains. */
  land(): CallResult {
    const { cost, call } = this.#site;
    const { value, ops, tookMs } = this.#core.end();
    this.#took(tookMs);
    const cycles = ops ? kernelCycles(cost, ops) : uncountedKernelCycles(cost, this.#argumentBytes(this.#args));
    if (cycles !== this.#foreseen) {
      throw new Error(
        `simulated array: kernel ${call.name} counted ${cycles} cycles in a thread, foreseen were ${this.#foreseen}; run it with one thread and report this`,
      );
    }
    return { value, cycles, ops };
  }
}
