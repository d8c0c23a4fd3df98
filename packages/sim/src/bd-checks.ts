import { overflowText, tileModel } from "@aiekit/mlir";
import type { ArrayConfig, BdConfig } from "./array-config.ts";
import { extentWords } from "./bd.ts";
import { at, type FaultRecord, SimFault, tileName } from "./fault.ts";

/** @throws SimFault for a BD of the design that asks more of its registers than they hold. */
export function expectBdsInRegisters({ bds, device }: Pick<ArrayConfig, "bds" | "device">): void {
  for (const { name, tile, id, buffer, overflows, loc } of bds) {
    const [overflow] = overflows;
    if (overflow === undefined) continue;
    const { kind } = tileModel(device, tile.col, tile.row);
    throw new SimFault(
      `${name} of tile ${tileName(tile)}: ${overflowText(kind, overflow)}${at(loc)}`,
      { kind: "bd-field", cycle: 0, tile, bd: `BD ${id}`, ...about(buffer), ...(loc && { loc }) },
      { hint: overflow.cure },
    );
  }
}

/** @throws SimFault for a BD of the design that reaches beyond its buffer, into what lies behind it. */
export function expectBdsInBuffers({ bds, buffers }: Pick<ArrayConfig, "bds" | "buffers">): void {
  for (const { pattern, buffer, name, tile, id, loc } of bds) {
    const { last } = extentWords(pattern, 0);
    const endByte = buffer.address + buffer.bytes;
    if (last * 4 < endByte) continue;
    const lastByte = last * 4 + 3;
    const hit =
      "external" in buffer
        ? undefined
        : buffers.find((b) => sameTile(b.tile, buffer.tile) && b.address <= lastByte && b.address >= endByte);
    throw new SimFault(
      `${name} of tile ${tileName(tile)} reaches ${lastByte + 1 - endByte} bytes beyond its buffer of ${buffer.bytes} bytes${hit ? `, into ${hit.name}` : ""}${at(loc)}`,
      {
        kind: "bd-overrun",
        cycle: 0,
        tile,
        bd: `BD ${id}`,
        address: endByte,
        ...about(buffer),
        ...(loc && { loc }),
      },
      { hint: "compare offset, length, sizes and strides of the BD with the type of its buffer" },
    );
  }
}

function about(buffer: BdConfig["buffer"]): Pick<FaultRecord, "buffer" | "objectFifo"> {
  const fifo = "external" in buffer ? undefined : buffer.fifo;
  return { buffer: buffer.name, ...(fifo !== undefined && { objectFifo: fifo }) };
}

function sameTile(a: { col: number; row: number }, b: { col: number; row: number }): boolean {
  return a.col === b.col && a.row === b.row;
}
