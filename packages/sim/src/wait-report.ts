import type { CoreGate } from "./core-gate.ts";
import { type CounterSpan, type CounterTable, grownBy } from "./counter-table.ts";
import type { Lock } from "./lock.ts";

/** Where a core or a DMA channel stands. */
export type WaitCause = Lock | CoreGate;

/** What somebody waited for in a run, in the developer's words. */
export interface WaitReport {
  /** `fifo`: an object of an objectFifo. `lock`: a lock of the design's own. */
  readonly kind: "fifo" | "lock" | "stream" | "cascade";
  /** `in`: for something to take; `out`: for room to put it. A lock of the design's own does not say. */
  readonly flow: "in" | "out" | undefined;
  /** Of the objectFifo or lock; of a port, what it waits for. */
  readonly name: string;
  readonly times: number;
  readonly cycles: number;
}

/** How often and how long one agent stood at each place: a counter of times and behind it one of cycles. */
export class WaitCounters {
  readonly #table: CounterTable;
  readonly #places = new Map<WaitCause, number>();

  constructor(table: CounterTable) {
    this.#table = table;
  }

  /** A wait begins: its counters are there for who looks while it lasts. */
  begin(cause: WaitCause): void {
    if (!this.#places.has(cause)) this.#places.set(cause, this.#table.reserve(2));
  }

  /** Counts a wait that ends, or into a copy of the counters one that lasts. */
  add(cause: WaitCause, cycles: number, values: Float64Array = this.#table.values): void {
    const place = this.#places.get(cause)!;
    values[place]! += 1;
    values[place + 1]! += cycles;
  }

  /**
   * Waits between two looks at the counters, longest first, equal ones by name and not by which came first in an earlier run;
   * several locks of one objectFifo are one.
   */
  reports(span: CounterSpan): WaitReport[] {
    const reports = new Map<string, WaitReport>();
    for (const [cause, place] of this.#places) {
      const [times, cycles] = [grownBy(span, place), grownBy(span, place + 1)];
      if (cycles === 0) continue;
      const what = causeOf(cause);
      const key = `${what.kind} ${what.flow} ${what.name}`;
      const known = reports.get(key);
      reports.set(key, { ...what, times: times + (known?.times ?? 0), cycles: cycles + (known?.cycles ?? 0) });
    }
    return [...reports]
      .sort(([a, one], [b, other]) => other.cycles - one.cycles || (a < b ? -1 : 1))
      .map(([, report]) => report);
  }
}

function causeOf(cause: WaitCause): Pick<WaitReport, "kind" | "flow" | "name"> {
  if ("waitsFor" in cause) return { kind: cause.kind, flow: cause.flow, name: cause.waitsFor };
  const fifo = cause.counts;
  if (fifo === undefined) return { kind: "lock", flow: undefined, name: cause.name };
  return { kind: "fifo", flow: fifo.counts === "filled" ? "in" : "out", name: fifo.fifo };
}
