import type { DeviceModel, TileCoord } from "@aiekit/mlir";
import type { TxnOp } from "@aiekit/xclbin";
import type { ChannelPlace } from "./dma-channel.ts";
import { decodeRegister, type Register } from "./registers.ts";

/** What an instruction stream does to a channel or lock: nothing, only before the record that waits, or also behind it. */
export type Step = "never" | "before" | "behind";

/** Tells what instruction streams do, for the explanation of deadlocks. */
export interface SequenceSteps {
  /** Pushes of tasks to a channel. */
  readonly starts: (channel: ChannelPlace) => Step;
  /** Writes of a lock. */
  readonly sets: (lock: { readonly tile: TileCoord; readonly id: number }) => Step;
}

export function sequenceSteps(
  device: DeviceModel,
  { done, left }: { readonly done: readonly TxnOp[]; readonly left: readonly TxnOp[] },
): SequenceSteps {
  const written = (ops: readonly TxnOp[]): Register[] =>
    ops.flatMap((op) => (op.op === "write32" ? (decodeRegister(device, op.address) ?? []) : []));
  const [before, later] = [written(done), written(left)];
  const step = (is: (register: Register) => boolean): Step =>
    later.some(is) ? "behind" : before.some(is) ? "before" : "never";
  return {
    starts: ({ tile, direction, channel }) =>
      step((to) => {
        if (to.kind !== "queue" || !sameTile(to.tile, tile)) return false;
        return to.direction === direction && to.channel === channel;
      }),
    sets: ({ tile, id }) => step((to) => to.kind === "lock" && to.id === id && sameTile(to.tile, tile)),
  };
}

function sameTile(a: TileCoord, b: TileCoord): boolean {
  return a.col === b.col && a.row === b.row;
}
