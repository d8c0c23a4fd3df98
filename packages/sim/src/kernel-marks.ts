import { type CostModel, type KernelOps, kernelCycles } from "./cost-model.ts";
import type { KernelFunction, KernelModule } from "./kernel-module.ts";

/** `event0()` or `event1()` in a kernel, and the cycle of the call in which it comes. */
export interface KernelMark {
  readonly event: number;
  readonly cycle: number;
}

interface HeardMark {
  readonly event: number;
  /** What the call had counted by then; undefined where the kernel counts nothing. */
  readonly ops: KernelOps | undefined;
}

/** Hears the events of a kernel's calls, and what was counted before each. */
export class KernelMarks {
  readonly #module: KernelModule;
  #heard: HeardMark[] = [];
  #ops: KernelOps | undefined;
  #runs = 0;

  constructor(module: KernelModule) {
    this.#module = module;
  }

  /** The kernel, which may run several times in a call; then only the first counts. */
  heard(kernel: KernelFunction): KernelFunction {
    return (...args) => {
      this.#runs++;
      return kernel(...args);
    };
  }

  begin(): void {
    this.#heard = [];
    this.#ops = undefined;
    this.#runs = 0;
    this.#module.events.listener = (event) => this.#hear(event);
  }

  /** A call has returned. What it counted in all, when `rest` is what was counted since it was last asked. */
  end(rest: KernelOps | undefined): KernelOps | undefined {
    this.#module.events.listener = undefined;
    return rest && plus(this.#ops, rest);
  }

  /**
   * Cycles of the events of the last call, which took `cycles`: half of what entering and leaving costs comes before the work. Where
   * nothing is counted, they are spread over the call.
   */
  marks(cost: CostModel, cycles: number): KernelMark[] {
    const edge = cost.callCycles / 2;
    const count = this.#heard.length;
    return this.#heard.map(({ event, ops }, i) => {
      const work = ops ? kernelCycles(cost, ops) - cost.callCycles : ((cycles - 2 * edge) * (i + 1)) / (count + 1);
      return { event, cycle: Math.floor(edge + work) };
    });
  }

  #hear(event: number): void {
    if (this.#runs > 1) return;
    const since = this.#module.takeOps?.();
    this.#ops = since && plus(this.#ops, since);
    this.#heard.push({ event, ops: this.#ops });
  }
}

function plus(a: KernelOps | undefined, b: KernelOps): KernelOps {
  if (a === undefined) return b;
  return {
    loadBytes: a.loadBytes + b.loadBytes,
    storeBytes: a.storeBytes + b.storeBytes,
    macIssues: a.macIssues + b.macIssues,
    vectorIssues: a.vectorIssues + b.vectorIssues,
    scalarCycles: a.scalarCycles + b.scalarCycles,
    shuffleIssues: b.shuffleIssues === undefined ? undefined : (a.shuffleIssues ?? 0) + b.shuffleIssues,
  };
}
