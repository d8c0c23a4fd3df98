import { cost, type MatmulCyclesRequest } from "./matmul-charges.ts";
import { channelObjectsOf, type Generation, type MatmulType } from "./matmul-types.ts";

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
export function kernelCycles({ type, generation, tile, shape, built }: MatmulCyclesRequest): KernelCycles {
  const { input } = type;
  const { m, k, n } = tile;
  const { r, s, t, blocksDown, blocksAcross } = input.native[generation];
  const wide = generation === "aie2p" ? 2 : 1;
  const groups = (m / r / blocksDown) * (n / t / blocksAcross);
  const sums = m * n * input.sums.bytes;
  const operands = groups * (k / s) * (blocksDown * r * s * input.bytes + blocksAcross * s * t * input.b.bytes);
  const macs = (m * k * n) / input.macsPerCycle[generation];
  const scaling = input.group === undefined ? 0 : (m * n * groupIssues.each + n * groupIssues.perColumn) / wide;
  const step = (loads: number) => cost.call + Math.max(macs + scaling, loads / (64 * wide), sums / (32 * wide));
  const call = (runs: StoreRuns, rows: number) =>
    cost.call + runs.once + (rows * n * runs.each + r * n * runs.perColumns) / 32;
  const { each, ...runs } = storeRuns(type, shape.gelu && !shape.residual, generation);
  const rowsEach = (k * input.b.bytes) / 4;
  return {
    firstStep: step(operands),
    step: step(operands + sums),
    channels: Array.from(
      { length: channelObjectsOf(type, tile, shape) },
      (_, object) => cost.call + 2 * Math.min(rowsEach, built.channelRows - object * rowsEach) * n,
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
  const isWide = input.sums.bytes === 8;
  const narrowing = isWide ? 6 : 0;
  if (!floats) {
    if (input.group !== undefined) return { each: 13, perColumns: 1, once: 8 };
    if (output.bytes < 4) return { each: 6 + narrowing, perColumns: 0, once: 0 };
    // Bound by stores: 8 B for each value where they are int64.
    return { each: isWide ? Math.max(6, output.bytes / wide) : 4 / wide, perColumns: isWide ? 4 : 0, once: 0 };
  }
  if (input.dtype !== "bf16" && input.group === undefined) {
    return { each: 8 + narrowing + activation, perColumns: 3, once };
  }
  if (input.name === "bf16xi8") return { each: 7 + activation, perColumns: 4, once };
  if (output.bytes === 4) return { each: gelu ? 2 + activation : 4 / wide, perColumns: gelu ? 1 : 0, once };
  return { each: 3 + activation, perColumns: 1, once };
}

/** Issues of the multiplier for a value, and for a column, when a group is scaled. Source: kernels/matmul/grouped.h. */
const groupIssues = { each: 8 / 32, perColumn: 1 / 4 } as const;
