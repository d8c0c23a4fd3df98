import type { ArrayConfig, BufferConfig } from "./array-config.ts";
import { SimFault, type TileCoord, tileName } from "./fault.ts";

/** @throws SimFault for two buffers of a tile that share bytes, and for a buffer that lies in its core's stack. */
export function expectSeparateMemory({ buffers, cores }: Pick<ArrayConfig, "buffers" | "cores">): void {
  const sorted = [...buffers].sort((a, b) => a.address - b.address);
  sorted.forEach((buffer, i) => {
    const core = cores.find(({ tile }) => sameTile(tile, buffer.tile));
    if (core && buffer.address < core.stackBytes) {
      const stack = `the stack of core ${tileName(core.tile)}, ${core.stackBytes} bytes from 0x0`;
      throw overlap(
        buffer,
        stack,
        `give the buffer an address from 0x${core.stackBytes.toString(16)} on, or the core a smaller stack_size`,
      );
    }
    const other = sorted.slice(i + 1).find((next) => sameTile(next.tile, buffer.tile) && next.address < endOf(buffer));
    if (other && other.bytes > 0)
      throw overlap(other, rangeText(buffer), "give one of them another address, or none: the lowering finds one");
  });
}

function overlap(buffer: BufferConfig, other: string, hint: string): SimFault {
  const { fifo } = buffer;
  return new SimFault(
    `tile ${tileName(buffer.tile)}: ${rangeText(buffer)} and ${other} share memory`,
    {
      kind: "memory-overlap",
      cycle: 0,
      tile: buffer.tile,
      buffer: buffer.name,
      address: buffer.address,
      ...(fifo !== undefined && { objectFifo: fifo }),
    },
    { hint },
  );
}

const endOf = ({ address, bytes }: BufferConfig): number => address + bytes;

function rangeText({ name, address, bytes }: BufferConfig): string {
  return `buffer ${name}, ${bytes} bytes from 0x${address.toString(16)},`;
}

function sameTile(a: TileCoord, b: TileCoord): boolean {
  return a.col === b.col && a.row === b.row;
}
