import { cost, type MatmulCyclesRequest } from "./matmul-charges.ts";
import { channelObjectsOf, channelRows, type Generation, type MatmulType, type Operand } from "./matmul-types.ts";

export interface KernelCycles {
  /** The first step of a tile, and the others, which load sums. */
  readonly firstStep: number;
  readonly step: number;
  /** Of each object of words for the columns. */
  readonly channels: readonly number[];
  readonly store: number;
  /** A residual's object that has rows of the core's tile. */
  readonly storeResidual: number;
  /** GELU before a residual. */
  readonly activate: number;
}

/** Calls of the kernels: the busiest unit of a core in each, counted in their loops (kernels/matmul). */
export function kernelCycles({ type, generation, tile, shape }: MatmulCyclesRequest): KernelCycles {
  const { input } = type;
  const { m, k, n } = tile;
  const { r, s, t, blocksDown, blocksAcross } = input.native[generation];
  const wide = generation === "aie2p" ? 2 : 1;
  const groups = (m / r / blocksDown) * (n / t / blocksAcross);
  const sums = m * n * input.sums.bytes;
  const operands = groups * (k / s) * (blocksDown * r * s * input.bytes + blocksAcross * s * t * input.b.bytes);
  const macs = (m * k * n) / input.macsPerCycle[generation] + (m * n * groupIssues(input)) / wide;
  const step = (loads: number) => cost.call + Math.max(macs, loads / (64 * wide), sums / (32 * wide));
  const call = (runs: StoreRuns, rows: number) =>
    cost.call + runs.once + (rows * n * runs.each + r * n * runs.perColumns) / 32;
  const { each, ...runs } = storeRuns(type, shape.gelu && !shape.residual, generation);
  const rowsEach = (k * input.b.bytes) / 4;
  const rows = channelRows(input, shape.k);
  return {
    firstStep: step(operands),
    step: step(operands + sums),
    channels: Array.from(
      { length: channelObjectsOf(type, tile, shape) },
      (_, object) => cost.call + 2 * Math.min(rowsEach, rows - object * rowsEach) * n,
    ),
    store: call({ each, ...runs }, m),
    storeResidual: call({ each: each + (type.floats ? 2 : 6), ...runs }, Math.min(m, k)),
    activate: call({ each: geluIssues.each + 2, perColumns: 1, once: geluIssues.once }, m),
  };
}

/** Vector issues of a kernel on the way out: for a run of 32 values, for the run's columns, and once. */
interface StoreRuns {
  readonly each: number;
  readonly perColumns: number;
  readonly once: number;
}

/** Source: kernels/math/gelu.h. */
const geluIssues = { each: 46, once: 42 } as const;

/** Counted in the kernels' loops (kernels/matmul). */
function storeRuns({ floats, input, output }: MatmulType, gelu: boolean, generation: Generation): StoreRuns {
  const wide = generation === "aie2p" ? 2 : 1;
  const activation = gelu ? geluIssues.each : 0;
  const once = gelu ? geluIssues.once : 0;
  // Sums of 64 bits: loads, bias and narrowing.
  const narrowing = input.sums.bytes === 8 ? 12 : 0;
  if (input.group !== undefined && !floats) return { each: 8, perColumns: 1, once: 0 };
  if (!floats) return { each: (output.bytes >= 4 ? 4 / wide : 6) + narrowing, perColumns: 0, once: 0 };
  if (input.dtype !== "bf16" && input.group === undefined) {
    return { each: 8 + narrowing + activation, perColumns: 3, once };
  }
  if (output.bytes === 4) return { each: gelu ? 2 + activation : 4 / wide, perColumns: gelu ? 1 : 0, once };
  return { each: 3 + activation, perColumns: 1, once };
}

/** Issues of the multiplier for a value when a group is scaled. Source: kernels/matmul/grouped.h. */
function groupIssues({ group }: Operand): number {
  return group === undefined ? 0 : 8 / 32;
}
