import { DesignError } from "@aiekit/core";
import { type Operation, walk } from "../ir/operation.ts";
import { bufferBytes, coordOf, stackBytes, tileOperand } from "./device-ops.ts";

/** How a core's 64 KiB are used from the bottom: stack, buffers, then what its kernels' objects declare. */
export interface CoreMemory {
  readonly stackBytes: number;
  /** First byte after stack and buffers: where `.data`, `.rodata` and `.bss` of the kernels start. */
  readonly dataBase: number;
}

/**
 * Memory of the core at (col,row) of a lowered module. Source for the order: AIETargetLdScript of mlir-aie.
 * @throws DesignError when there is no core.
 */
export function coreMemory(lowered: Operation, col: number, row: number): CoreMemory {
  const onTile: Operation[] = [];
  walk(lowered, (op) => {
    if (op.name !== "aie.core" && op.name !== "aie.buffer") return;
    const at = coordOf(tileOperand(op));
    if (at.col === col && at.row === row) onTile.push(op);
  });
  const core = onTile.find((op) => op.name === "aie.core");
  if (core === undefined) throw new DesignError(`tile (${col},${row}) has no core`);
  const ends = onTile.filter((op) => op.name === "aie.buffer").map((b) => (b.int("address") ?? 0) + bufferBytes(b));
  const stack = stackBytes(core);
  return { stackBytes: stack, dataBase: Math.max(stack, ...ends) };
}
