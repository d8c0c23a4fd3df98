import { DesignError } from "@aiekit/core";
import { type Operation, walk } from "../ir/operation.ts";
import { knownBitWidth, type MemRefType } from "../ir/types.ts";
import { typeText } from "../printer/attributes.ts";
import type { Device } from "./device-ops.ts";
import { withLocation } from "./location.ts";

/**
 * Lowering counts the bytes of everything that a tile or a DMA holds. Elements of other dialects have sizes that are not
 * modelled, block floating point aside.
 * @throws DesignError for the first operation whose memory has no size.
 */
export function refuseUnsizedMemory(device: Device): void {
  walk(device.op, (op) => {
    const type = memoryOf(op);
    if (type === undefined) return;
    withLocation(op, () => {
      if (knownBitWidth(type.element) === undefined) {
        throw new DesignError(
          `${op.name}: expected elements of an integer, float, index or block float type, got ${typeText(type.element)}`,
          { hint: "the sizes of other elements are not modelled: use bytes (i8) in their place" },
        );
      }
      if (op.name === "aie.buffer" && type.shape.includes(null)) {
        throw new DesignError(`${op.name}: expected a static shape, got ${typeText(type)}`);
      }
    });
  });
}

/** The type of what the operation holds or moves. */
function memoryOf(op: Operation): MemRefType | undefined {
  if (op.name === "aie.objectfifo") {
    const type = op.attributes.get("elemType");
    return type?.kind === "type" && type.type.kind === "objectfifo" ? type.type.element : undefined;
  }
  const holders = ["aie.buffer", "aie.external_buffer"];
  const movers = ["aie.dma_bd", "aiex.npu.dma_memcpy_nd"];
  const type = holders.includes(op.name) ? op.results[0]?.type : movers.includes(op.name) ? op.operands[0]?.type : null;
  return type?.kind === "memref" ? type : undefined;
}
