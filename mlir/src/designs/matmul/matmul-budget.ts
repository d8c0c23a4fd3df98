import { bdIdsOfChannel, tileModels } from "../../device-model/tile-model.ts";
import {
  aStreamCount,
  type MatmulCores,
  type MatmulStationary,
  type MatmulTile,
  stackBytes,
  weightObjects,
} from "./matmul-fabric.ts";
import { shimBdCount } from "./matmul-sequence.ts";
import type { MatmulType } from "./matmul-types.ts";

export interface MatmulBudgetRequest {
  readonly type: MatmulType;
  readonly tile: MatmulTile;
  readonly stationary: MatmulStationary;
  readonly cores: MatmulCores;
  /** Rows of words that a core keeps for its columns. */
  readonly channelRows: number;
}

/** Bytes of a compute tile's data memory: stack, objects of a and of b, sums, an object of c, channels, control words. */
export function tileBytes({ type, tile: { m, k, n }, stationary, channelRows }: MatmulBudgetRequest): number {
  const { input, output } = type;
  const operands = 2 * m * k * input.bytes + weightObjects(stationary) * k * n * input.b.bytes;
  const objects = operands + m * n * (input.sums.bytes + output.bytes);
  return stackBytes + objects + 4 * channelRows * n + controlBytes;
}

/** Words of control, and counters of the objects. */
const controlBytes = 64;

/** Bytes of the busiest memtile: two objects of a, of b, and of c for all rows of the column. */
export function memtileBytes({
  type: { input, output },
  tile: { m, k, n },
  cores,
}: Omit<MatmulBudgetRequest, "channelRows">): number {
  const tilesOfA = cores.rows / aStreamCount(cores);
  return 2 * (tilesOfA * m * k * input.bytes + k * n * input.b.bytes + cores.rows * m * n * output.bytes);
}

/** BDs of each channel of the busiest memtile, by channel number. */
export function memtileBds(cores: MatmulCores): Readonly<Record<"S2MM" | "MM2S", readonly number[]>> {
  const tilesOfA = cores.rows / aStreamCount(cores);
  const each = (count: number) => Array.from({ length: count }, () => 2);
  return { S2MM: [2 * tilesOfA, 2, ...each(cores.rows)], MM2S: [...each(tilesOfA), 2, 2 * cores.rows] };
}

/** What a tile of this size lacks: memory of the core or the memtile, or BDs; undefined when it has everything. */
export function budgetProblem(request: MatmulBudgetRequest): string | undefined {
  const { computeTile, memtile, shim } = tileModels;
  const bytes = tileBytes(request);
  if (bytes > computeTile.dataBytes) {
    return `needs ${bytes} B of data memory, a compute tile has ${computeTile.dataBytes} B`;
  }
  const inMemtile = memtileBytes(request);
  if (inMemtile > memtile.dataBytes) {
    return `needs ${inMemtile} B of a memtile, which has ${memtile.dataBytes} B`;
  }
  const { S2MM, MM2S } = memtileBds(request.cores);
  const busiest = Math.max(S2MM.length, MM2S.length);
  if (busiest > memtile.dma.channels)
    return `needs ${busiest} channels of a memtile, which has ${memtile.dma.channels}`;
  for (const parity of [0, 1]) {
    const { count } = bdIdsOfChannel(memtile.dma, parity);
    const used = [...S2MM, ...MM2S].filter((_, i) => (i < S2MM.length ? i : i - S2MM.length) % 2 === parity);
    const bds = used.reduce((sum, n) => sum + n, 0);
    if (bds > count)
      return `needs ${bds} BDs of a memtile's ${parity === 0 ? "even" : "odd"} channels, which have ${count}`;
  }
  return shimBdCount > shim.dma.bds ? `needs ${shimBdCount} BDs of a shim tile, which has ${shim.dma.bds}` : undefined;
}
