import {
  aStreamCount,
  controlWords,
  type MatmulCores,
  type MatmulStationary,
  type MatmulTile,
} from "./matmul-fabric.ts";
import { matmulSteps } from "./matmul-sequence.ts";
import type { MatmulShape } from "./matmul-shapes.ts";
import type { Generation, MatmulType } from "./matmul-types.ts";

export interface MatmulCyclesRequest {
  readonly type: MatmulType;
  readonly generation: Generation;
  readonly cores: MatmulCores;
  readonly tile: MatmulTile;
  readonly stationary: MatmulStationary;
  readonly shape: MatmulShape;
  readonly built: MatmulBuilt;
}

/** What the build has, whether a shape needs it or not. */
interface MatmulBuilt {
  /** Kernels that add a residual, and GELU before it. */
  readonly residual: boolean;
  readonly activates: boolean;
  /** Rows of words for the columns, of the shape with the most. */
  readonly channelRows: number;
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

export function objectWords(request: MatmulCyclesRequest): Record<"a" | "b" | "channels" | "c", ObjectWords> {
  const { type, tile, cores, shape } = request;
  const { m, k, n } = tile;
  const { input, output } = type;
  const { kSteps, depth, columns } = matmulSteps(shape, request);
  const object = (size: {
    readonly rows: number;
    readonly bytes: number;
    readonly isWholeRow: boolean;
  }): ObjectWords => {
    const words = (size.rows * size.bytes) / 4;
    const efficiency = Math.min(1, (size.isWholeRow ? words : size.bytes / 4) / cost.hostBurstWords);
    return { words, cycles: Math.ceil(words / efficiency) };
  };
  const tilesEach = cores.rows / aStreamCount(cores);
  // Rows without a gap between them are one run.
  const isWholeA = kSteps === 1 && (shape.aPitch ?? depth) === depth;
  const isWholeRow = columns === n;
  const b = object({ rows: k, bytes: n * input.b.bytes, isWholeRow });
  return {
    a: object({ rows: tilesEach * m, bytes: k * input.bytes, isWholeRow: isWholeA }),
    b,
    // Rows of words, and as many as fill an object of b.
    channels: object({ rows: b.words / n, bytes: 4 * n, isWholeRow }),
    c: object({ rows: cores.rows * m, bytes: n * output.bytes, isWholeRow }),
  };
}
