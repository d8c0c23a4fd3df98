import type { Value } from "../ir/operation.ts";
import { type Device, opsNamed } from "../lowering/device-ops.ts";

/** What a tile's place must offer. */
export interface TileDemand {
  /** MM2S channels. */
  readonly sends: number;
  /** S2MM channels. */
  readonly receives: number;
  readonly cascadesTo: readonly Value[];
  readonly cascadesFrom: readonly Value[];
}

/**
 * DMA channels and cascades that the operations of a design ask of each tile. An objectFifo counts one channel at each
 * end. One between two cores counts none, since neighbours share memory: the lowering counts those that do not.
 */
export function readDemands(device: Device): ReadonlyMap<Value, TileDemand> {
  const demands = new Map<Value, { sends: number; receives: number; cascadesTo: Value[]; cascadesFrom: Value[] }>();
  const of = (tile: Value) => {
    const demand = demands.get(tile) ?? { sends: 0, receives: 0, cascadesTo: [], cascadesFrom: [] };
    demands.set(tile, demand);
    return demand;
  };
  for (const fifo of opsNamed(device, "aie.objectfifo")) {
    const [producer, ...consumers] = fifo.operands;
    if (producer && !(isCore(producer) && consumers.every(isCore))) of(producer).sends++;
    for (const consumer of consumers) if (!(producer && isCore(producer) && isCore(consumer))) of(consumer).receives++;
  }
  for (const flow of opsNamed(device, "aie.cascade_flow")) {
    const [from, to] = flow.operands;
    if (from === undefined || to === undefined) continue;
    of(from).cascadesTo.push(to);
    of(to).cascadesFrom.push(from);
  }
  return demands;
}

function isCore(tile: Value): boolean {
  const op = tile.definingOp;
  return op?.name === "aie.tile" ? (op.int("row") ?? 0) >= firstComputeRow : op?.text("tile_type") === "CoreTile";
}

/** Row 0 is shim, row 1 memtiles on every NPU. */
const firstComputeRow = 2;
