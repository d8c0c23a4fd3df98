import { type MatmulCyclesRequest, objectWords } from "./matmul-charges.ts";
import { kernelCycles } from "./matmul-kernel-cycles.ts";
import { matmulSteps } from "./matmul-sequence.ts";
import { Timeline } from "./matmul-timeline.ts";

export type { MatmulCyclesRequest } from "./matmul-charges.ts";

/**
 * Cycles of one launch, as the simulator models them: an estimate of its cost model, not a measurement. All columns do the
 * same at the same time, so one stream of `a`, one of `b`, one core and one stream of `c` are followed, object by object:
 * who waits for whose buffer. Row and column steps repeat after a few, and are not followed to the end.
 */
export function matmulCycles(request: MatmulCyclesRequest): number {
  const steps = matmulSteps(request.shape, request);
  const rows = Math.min(steps.rowSteps, followedRows);
  const columns = Math.min(steps.columnSteps, Math.max(leastColumns, Math.ceil(followedSteps / rows)));
  const followed = new Timeline(request, steps, { rows, columns }).run();
  const { end, rowCycles, columnCycles } = followed;
  const moreRows = (steps.rowSteps - rows) * rowCycles;
  return Math.round(end + columns * moreRows + (steps.columnSteps - columns) * (columnCycles + moreRows));
}

/** Cycles in which no kernel and no lock lets a core do less for a product: what the streams and cores need at least. */
export function leastMatmulCycles(request: MatmulCyclesRequest): number {
  const { rowSteps, columnSteps, kSteps } = matmulSteps(request.shape, request);
  const { step, firstStep, store } = kernelCycles(request);
  const words = objectWords(request);
  const streams = request.stationary === "weights" ? words.a.cycles : Math.max(words.a.cycles, words.b.cycles);
  const perRow = Math.max(kSteps * Math.max(Math.min(step, firstStep), streams) + store, words.c.cycles);
  return rowSteps * columnSteps * perRow;
}

/** As many steps as it takes until the buffers of the slowest stream are full, or empty. */
const followedRows = 24;
const followedSteps = 24;
const leastColumns = 3;
