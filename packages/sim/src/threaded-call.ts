import { type KernelOps, kernelCycles, leastKernelCycles, uncountedKernelCycles } from "./cost-model.ts";
import { kernelFault } from "./kernel-fault.ts";
import type { KernelSite } from "./kernel-site.ts";
import { FailedCall, type ThreadedCore } from "./kernel-threads.ts";

/** Weight of the last call in the mean time of a site's calls. */
const freshness = 0.2;

export interface CallResult {
  readonly value: number | bigint | undefined;
  readonly cycles: number;
  /** Undefined where the kernel counts none. */
  readonly ops: KernelOps | undefined;
}

/** One place where a core calls a kernel that other threads may run. */
export class ThreadedCall {
  readonly #site: KernelSite;
  readonly #core: ThreadedCore;
  readonly #number: number;
  readonly #fromMs: number;
  readonly #isFixed: boolean;
  /** Cycles that calls took, by what they depend on. */
  readonly #known = new Map<string, number>();
  #key = "";
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
   * Hands a call over. Cycles that it takes at least: what it takes where that follows from earlier calls, or else what every
   * call takes.
   */
  begin(args: readonly (number | bigint)[]): number {
    const { cost, module } = this.#site;
    this.#args = args;
    const least = this.#least();
    this.#core.begin(this.#number, args);
    return module!.takeOps ? least : uncountedKernelCycles(cost, this.#argumentBytes(args));
  }

  /** True for calls that are worth the way to another thread and back. */
  get pays(): boolean {
    return this.#number >= 0 && (this.#fromMs === 0 || (this.#meanMs ?? 0) >= this.#fromMs);
  }

  /** A call took so long. */
  took(ms: number): void {
    this.#meanMs = this.#meanMs === undefined ? ms : this.#meanMs + (ms - this.#meanMs) * freshness;
  }

  /** Waits for the call that was handed over. @throws SimFault as a call on the array's own thread does. */
  end(): CallResult {
    const { cost, call } = this.#site;
    try {
      const { value, ops, tookMs } = this.#core.end();
      this.took(tookMs);
      const cycles = ops ? kernelCycles(cost, ops) : uncountedKernelCycles(cost, this.#argumentBytes(this.#args));
      if (this.#isFixed) this.#known.set(this.#key, cycles);
      return { value, cycles, ops };
    } catch (error) {
      if (!(error instanceof FailedCall)) throw error;
      const pointers = this.#args.filter((_, i) => call.pointers[i]) as number[];
      throw kernelFault(error.error, { site: this.#site, pointers, stackPointer: error.stackPointer });
    }
  }

  #least(): number {
    const least = leastKernelCycles(this.#site.cost);
    if (!this.#isFixed) return least;
    const { registers } = this.#core;
    const { timingRegisters } = this.#site.module!.threaded!.kernels;
    this.#key = [...this.#args, ...timingRegisters.map((i) => registers[i])].join();
    return this.#known.get(this.#key) ?? least;
  }
}
