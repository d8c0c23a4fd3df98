import {
  aStreamCount,
  controlWords,
  type MatmulCores,
  type MatmulStationary,
  type MatmulTile,
} from "./matmul-fabric.ts";
import type { MatmulShape } from "./matmul-shapes.ts";
import type { Generation, MatmulType } from "./matmul-types.ts";

export interface MatmulCyclesRequest {
  readonly type: MatmulType;
  readonly generation: Generation;
  readonly cores: MatmulCores;
  readonly tile: MatmulTile;
  readonly stationary: MatmulStationary;
  readonly shape: MatmulShape;
  /** What the build has kernels for, whether this shape needs them or not: a residual, and GELU before one. */
  readonly built: { readonly residual: boolean; readonly activates: boolean };
}

/**
 * The simulator's cost model (packages/sim/src/cost-model.ts) and what it charges for the loops of a core's body
 * (matmul-fabric.ts), counted in its reports. packages/cli/src/matmul-plan.test.ts holds both together.
 */
export const cost = {
  bdStart: 8,
  lock: 2,
  record: 20,
  token: 20,
  hostBurstWords: 16,
  call: 40,
  /** Waking up and reading the counts. */
  wake: 34,
  column: 5,
  channels: 25,
  row: 28,
  step: 48,
  residualObject: 26,
  weights: 24,
} as const;
/** A BD that takes a lock before it moves anything. */
export const lockedStart = cost.bdStart + cost.lock;
/** Records of a transfer: BD, address, queue; one more where its end is reported. */
export const transferRecords = 3;
/** Words that a core is told, and its lock; the word of `activations` only where there are some. */
export const coreRecords = ({ built }: MatmulCyclesRequest): number => controlWords.length + (built.activates ? 1 : 0);

export interface ObjectWords {
  readonly words: number;
  /** From or to host memory, whose bandwidth short runs do not use. */
  readonly cycles: number;
}

export function objectWords({
  type,
  tile,
  cores,
}: MatmulCyclesRequest): Record<"a" | "b" | "channels" | "residual" | "c", ObjectWords> {
  const { m, k, n } = tile;
  const { input, output } = type;
  const object = (rows: number, columns: number, bytes: number): ObjectWords => {
    const words = (rows * columns * bytes) / 4;
    const efficiency = Math.min(1, (columns * bytes) / 4 / cost.hostBurstWords);
    return { words, cycles: Math.ceil(words / efficiency) };
  };
  const tilesEach = cores.rows / aStreamCount(cores);
  const b = object(k, n, input.b.bytes);
  return {
    a: object(tilesEach * m, k, input.bytes),
    b,
    channels: { words: b.words, cycles: Math.ceil(b.words / Math.min(1, n / cost.hostBurstWords)) },
    residual: b,
    c: object(cores.rows * m, n, output.bytes),
  };
}
