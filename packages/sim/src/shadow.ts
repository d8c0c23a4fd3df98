import { SimFault, tileName } from "./fault.ts";
import type { TileMemory } from "./tile-memory.ts";

/** Which bytes of a tile's data memory were never written since it was configured: 0xff for those, 0 for the others. */
export class Shadow {
  readonly memory: TileMemory;
  readonly bytes: Uint8Array;
  /** The same, four bytes a word, in the order of the memory's words. */
  readonly words: Uint32Array;

  constructor(memory: TileMemory) {
    this.memory = memory;
    this.bytes = new Uint8Array(memory.sizeBytes).fill(0xff);
    this.words = new Uint32Array(this.bytes.buffer);
  }

  define(address: number, bytes: number): void {
    this.bytes.fill(0, address, address + bytes);
  }

  /** Address of the first byte of a range that was never written. */
  firstUndefined(address: number, bytes: number): number | undefined {
    const found = this.bytes.subarray(address, address + bytes).indexOf(0xff);
    return found < 0 ? undefined : address + found;
  }

  /** The fault of one who reads the never-written byte at `address`. `who` is for the message. */
  readFault(who: string, address: number, about: Partial<SimFault["fault"]> & { readonly cycle: number }): SimFault {
    const { memory } = this;
    const buffer = memory.bufferAt(address);
    const fifo = buffer?.fifo;
    const element = buffer?.elementBytes && Math.floor((address - buffer.address) / buffer.elementBytes);
    const what = fifo === undefined ? "" : ` of objectFifo ${fifo}`;
    return new SimFault(
      `${who}: reads memory of tile ${tileName(memory.tile)} that was never written: ${memory.describe(address)}${what}`,
      {
        kind: "uninitialised-read",
        tile: memory.tile,
        address,
        ...(buffer && { buffer: buffer.name }),
        ...(element !== undefined && { element }),
        ...(fifo !== undefined && { objectFifo: fifo }),
        ...about,
      },
      {
        hint: "hardware gives what an earlier program left there: write it first, or give the buffer an initial value",
      },
    );
  }
}
