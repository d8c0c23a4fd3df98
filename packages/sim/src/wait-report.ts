import type { CoreGate } from "./core-gate.ts";
import type { Lock } from "./lock.ts";

/** Where a core or a DMA channel stands. */
export type WaitCause = Lock | CoreGate;

/** How often and how long somebody stood at one place. */
export interface WaitUse {
  times: number;
  cycles: number;
}

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

/** Counts a wait that ends, or is looked at while it lasts. */
export function addWait(waits: Map<WaitCause, WaitUse>, cause: WaitCause, cycles: number): void {
  const use = waits.get(cause) ?? { times: 0, cycles: 0 };
  waits.set(cause, use);
  use.times++;
  use.cycles += cycles;
}

/** Waits between two looks at the same counters, longest first; several locks of one objectFifo are one. */
export function waitReports(
  before: ReadonlyMap<WaitCause, WaitUse> | undefined,
  after: ReadonlyMap<WaitCause, WaitUse>,
): WaitReport[] {
  const reports = new Map<string, WaitReport>();
  for (const [cause, now] of after) {
    const then = before?.get(cause) ?? { times: 0, cycles: 0 };
    const [times, cycles] = [now.times - then.times, now.cycles - then.cycles];
    if (cycles === 0) continue;
    const what = causeOf(cause);
    const key = `${what.kind} ${what.flow} ${what.name}`;
    const known = reports.get(key);
    reports.set(key, { ...what, times: times + (known?.times ?? 0), cycles: cycles + (known?.cycles ?? 0) });
  }
  return [...reports.values()].sort((a, b) => b.cycles - a.cycles);
}

function causeOf(cause: WaitCause): Pick<WaitReport, "kind" | "flow" | "name"> {
  if ("waitsFor" in cause) return { kind: cause.kind, flow: cause.flow, name: cause.waitsFor };
  const fifo = cause.counts;
  if (fifo === undefined) return { kind: "lock", flow: undefined, name: cause.name };
  return { kind: "fifo", flow: fifo.counts === "filled" ? "in" : "out", name: fifo.fifo };
}
