import { type TileCoord, tileName } from "./fault.ts";
import { Shadow } from "./shadow.ts";

/** A buffer of the design in a tile's data memory. `address` and `bytes` count bytes. */
export interface BufferPlace {
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
  /** Bytes of one element; undefined where nobody needs to know. */
  readonly elementBytes?: number;
  /** objectFifo whose object it is. */
  readonly fifo?: string;
}

/** Typed-array views of the same bytes. */
export interface MemoryViews {
  readonly i8: Int8Array;
  readonly i16: Int16Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i64: BigInt64Array;
}

export function memoryViews(storage: ArrayBuffer, sizeBytes: number): MemoryViews {
  return {
    i8: new Int8Array(storage, 0, sizeBytes),
    i16: new Int16Array(storage, 0, sizeBytes / 2),
    u16: new Uint16Array(storage, 0, sizeBytes / 2),
    i32: new Int32Array(storage, 0, sizeBytes / 4),
    f32: new Float32Array(storage, 0, sizeBytes / 4),
    f64: new Float64Array(storage, 0, sizeBytes / 8),
    i64: new BigInt64Array(storage, 0, sizeBytes / 8),
  };
}

/** A core whose kernel call is under way in another thread, and so works on the memory. */
export interface MemoryUser {
  /** Waits until the core has done what it began. */
  settle(): void;
  /** Whether the call may touch a buffer with any of the bytes from `first` up to `end`: it keeps to its arguments. */
  touches(first: number, end: number): boolean;
}

/**
 * Data memory of one tile. On compute tiles with kernels, `storage` is the WebAssembly memory of the core, whose first
 * 64 KiB page is the tile's memory: DMA and kernel see the same bytes.
 */
export class TileMemory {
  readonly tile: TileCoord;
  readonly sizeBytes: number;
  readonly storage: ArrayBuffer;
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
  readonly views: MemoryViews;
  /** Which bytes were never written; kept when the array is checked. */
  readonly shadow: Shadow | undefined;
  /** Who works on the memory; whatever else is done with it has to wait for this. */
  user: MemoryUser | undefined;
  readonly #buffers: readonly BufferPlace[];
  readonly #later: (() => void)[] = [];

  constructor(place: {
    tile: TileCoord;
    sizeBytes: number;
    storage: ArrayBuffer;
    buffers: readonly BufferPlace[];
    checked?: boolean;
  }) {
    const { storage, sizeBytes } = place;
    this.tile = place.tile;
    this.sizeBytes = sizeBytes;
    this.storage = storage;
    this.words = new Uint32Array(storage, 0, sizeBytes / 4);
    this.bytes = new Uint8Array(storage, 0, sizeBytes);
    this.views = memoryViews(storage, sizeBytes);
    this.#buffers = [...place.buffers].sort((a, b) => a.address - b.address);
    this.shadow = place.checked ? new Shadow(this) : undefined;
  }

  /** Writes to the memory as soon as its user has done what it began. */
  writeLater(write: () => void): void {
    this.#later.push(write);
  }

  /** The user has done what it began. */
  settled(): void {
    this.user = undefined;
    for (const write of this.#later.splice(0)) write();
  }

  /** First byte behind the last buffer. */
  get buffersEnd(): number {
    return this.#buffers.reduce((end, { address, bytes }) => Math.max(end, address + bytes), 0);
  }

  /** The buffer that holds byte `address`; undefined between buffers. */
  bufferAt(address: number): BufferPlace | undefined {
    return this.#buffers.findLast((b) => b.address <= address && address < b.address + b.bytes);
  }

  /** Where a byte address lies, in words: in which buffer, between which two, or outside the memory. */
  describe(address: number): string {
    const hex = `address 0x${(address >>> 0).toString(16)}`;
    const inside = this.bufferAt(address);
    if (inside) {
      const byte = address - inside.address;
      const { elementBytes: size } = inside;
      const element = size === undefined ? "" : `element ${Math.floor(byte / size)}, `;
      return `${hex}: ${element}byte ${byte} of buffer ${inside.name} (${inside.bytes} bytes)`;
    }
    if (address < 0 || address >= this.sizeBytes) {
      return `${hex}: outside the ${this.sizeBytes} bytes of tile ${tileName(this.tile)}`;
    }
    const before = this.#buffers.findLast((b) => b.address + b.bytes <= address);
    const after = this.#buffers.find((b) => b.address > address);
    if (before && after) return `${hex}: between buffers ${before.name} and ${after.name}`;
    if (before) return `${hex}: ${address - before.address - before.bytes} bytes behind buffer ${before.name}`;
    if (after) return `${hex}: ${after.address - address} bytes before buffer ${after.name}`;
    return `${hex}: tile ${tileName(this.tile)} has no buffers`;
  }
}
