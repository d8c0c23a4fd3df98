import type { ArrayConfig } from "./array-config.ts";
import { extentWords } from "./bd.ts";
import { SimFault, tileName } from "./fault.ts";

/** @throws SimFault for a BD of the design that reaches beyond its buffer, into what lies behind it. */
export function expectBdsInBuffers({ bds, buffers }: Pick<ArrayConfig, "bds" | "buffers">): void {
  for (const { pattern, buffer, name, tile, id } of bds) {
    const { last } = extentWords(pattern, 0);
    const endByte = buffer.address + buffer.bytes;
    if (last * 4 < endByte) continue;
    const lastByte = last * 4 + 3;
    const hit =
      "external" in buffer
        ? undefined
        : buffers.find((b) => sameTile(b.tile, buffer.tile) && b.address <= lastByte && b.address >= endByte);
    const fifo = "external" in buffer ? undefined : buffer.fifo;
    throw new SimFault(
      `${name} of tile ${tileName(tile)} reaches ${lastByte + 1 - endByte} bytes beyond its buffer of ${buffer.bytes} bytes${hit ? `, into ${hit.name}` : ""}`,
      {
        kind: "bd-overrun",
        cycle: 0,
        tile,
        bd: `BD ${id}`,
        buffer: buffer.name,
        address: endByte,
        ...(fifo !== undefined && { objectFifo: fifo }),
      },
      { hint: "compare offset, length, sizes and strides of the BD with the type of its buffer" },
    );
  }
}

function sameTile(a: { col: number; row: number }, b: { col: number; row: number }): boolean {
  return a.col === b.col && a.row === b.row;
}
