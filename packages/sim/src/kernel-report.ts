import type { KernelOps } from "./cost-model.ts";
import { type CounterSpan, type CounterTable, grownBy } from "./counter-table.ts";

export interface KernelReport {
  readonly name: string;
  readonly calls: number;
  readonly cycles: number;
  /** True when the kernel does not count its work: its cycles are then a lower bound. */
  readonly lowerBound: boolean;
  /** Work that the kernel counted. */
  readonly ops?: KernelOps;
}

/** A kernel call that has ended. */
export interface EndedCall {
  readonly cycles: number;
  /** Undefined for a kernel that counts no work. */
  readonly ops: KernelOps | undefined;
}

/** Places behind a kernel's first counter. */
const calls = 0;
const cycles = 1;
const ops = 2;
const countersOfKernel = 8;

/** What one core's kernels did. */
export class KernelCounters {
  readonly #table: CounterTable;
  readonly #places = new Map<string, number>();
  /** Kernels that count no work. */
  readonly #uncounted = new Set<string>();
  /** False once a module did not tell its shuffles. */
  #shufflesTold = true;

  constructor(table: CounterTable) {
    this.#table = table;
  }

  /** A kernel that the core may call, before its first call. */
  know(name: string, { counted }: { readonly counted: boolean }): void {
    if (!this.#places.has(name)) this.#places.set(name, this.#table.reserve(countersOfKernel));
    if (!counted) this.#uncounted.add(name);
  }

  add(name: string, call: EndedCall): void {
    const { values } = this.#table;
    const place = this.#places.get(name)!;
    values[place + calls]! += 1;
    values[place + cycles]! += call.cycles;
    const work = call.ops;
    if (work === undefined) return;
    values[place + ops]! += work.loadBytes;
    values[place + ops + 1]! += work.storeBytes;
    values[place + ops + 2]! += work.macIssues;
    values[place + ops + 3]! += work.vectorIssues;
    values[place + ops + 4]! += work.scalarCycles;
    if (work.shuffleIssues === undefined) this.#shufflesTold = false;
    else values[place + ops + 5]! += work.shuffleIssues;
  }

  /** Takes cycles that are still to come off a copy of the counters. */
  takeOff(name: string, ahead: number, values: Float64Array): void {
    values[this.#places.get(name)! + cycles]! -= ahead;
  }

  reports(span: CounterSpan): KernelReport[] {
    return [...this.#places].map(([name, place]) => {
      const lowerBound = this.#uncounted.has(name);
      const report = { name, calls: grownBy(span, place), cycles: grownBy(span, place + cycles), lowerBound };
      const worked = !lowerBound && (span.after[place] ?? 0) > 0;
      return worked ? { ...report, ops: this.#opsAt(span, place + ops) } : report;
    });
  }

  #opsAt(span: CounterSpan, place: number): KernelOps {
    return {
      loadBytes: grownBy(span, place),
      storeBytes: grownBy(span, place + 1),
      macIssues: grownBy(span, place + 2),
      vectorIssues: grownBy(span, place + 3),
      scalarCycles: grownBy(span, place + 4),
      ...(this.#shufflesTold && { shuffleIssues: grownBy(span, place + 5) }),
    };
  }
}
