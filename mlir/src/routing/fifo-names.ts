import type { Operation } from "../ir/operation.ts";
import { walk } from "../ir/operation.ts";
import { coordOf, type Device, opsNamed, placeText, tileOperand } from "../lowering/device-ops.ts";

/**
 * Which objectFifo each DMA channel serves, read back from the names that lowering gives: `MM2S (0,2) DMA 0` -> `in`.
 * Channels of designs that were written by hand have no entry.
 */
export function fifoNames(device: Device): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const op of opsNamed(device, "aie.shim_dma_allocation")) {
    const fifo = op.text("sym_name")?.match(/^(.*)_shim_alloc$/)?.[1];
    const place = placeText(coordOf(tileOperand(op)));
    if (fifo !== undefined) names.set(`${op.text("channel_dir")} ${place} DMA ${op.int("channel_index")}`, fifo);
  }
  for (const program of opsNamed(device, "aie.mem", "aie.memtile_dma")) {
    const place = placeText(coordOf(tileOperand(program)));
    walk(program, (op) => {
      if (op.name !== "aie.dma_start") return;
      const fifo = fifoOf(op);
      if (fifo !== undefined) names.set(`${op.text("channel_dir")} ${place} DMA ${op.int("channel_index")}`, fifo);
    });
  }
  return names;
}

/** Lowering calls the objects of @x `x_buff_0`, ... and those at its consumers `x_cons_buff_0`, `x_1_cons_buff_0`. */
function fifoOf(start: Operation): string | undefined {
  const bd = start.successors[0]?.block.ops.find((op) => op.name === "aie.dma_bd");
  const buffer = bd?.operands[0]?.definingOp?.text("sym_name");
  return buffer?.match(/^(.*?)(?:_\d+)?_cons_buff_\d+$/)?.[1] ?? buffer?.match(/^(.*)_buff_\d+$/)?.[1];
}
