import { UsageError } from "@aiekit/core";
import { type Bd, type BdMemory, extentWords } from "./bd.ts";
import type { HostBuffer } from "./controller.ts";
import { SimFault, type TileCoord, tileName } from "./fault.ts";

interface HostAccess {
  readonly channel: { readonly tile: TileCoord; readonly agentName: string; readonly direction: "S2MM" | "MM2S" };
  readonly offsetWords: number;
  readonly cycle: number;
}

/** Checks that one execution of a BD stays inside its argument. @throws SimFault naming the argument and the access. */
export function hostSpan(bd: Bd, memory: BdMemory & { readonly kind: "host" }, access: HostAccess): void {
  const { first, last } = extentWords(bd.pattern, access.offsetWords);
  if (first >= 0 && (last + 1) * 4 <= memory.bytes) return;
  const { agentName, tile, direction } = access.channel;
  if (memory.argIndex < 0) {
    throw new SimFault(
      `${agentName}, ${bd.name}: has no host address`,
      { kind: "bd-invalid", cycle: access.cycle, tile },
      { hint: "the instruction stream must patch the address of a shim BD after writing it" },
    );
  }
  const [firstByte, lastByte] = [first * 4, last * 4 + 3];
  throw new SimFault(
    `${agentName}, ${bd.name}: ${direction === "MM2S" ? "reads" : "writes"} bytes ${firstByte}..${lastByte} of host argument ${memory.argIndex}, which has ${memory.bytes} bytes`,
    {
      kind: "host-bounds",
      cycle: access.cycle,
      tile,
      argument: { index: memory.argIndex, bytes: memory.bytes, firstByte, lastByte },
    },
    {
      hint: `compare offsets, sizes and strides of the transfer on shim ${tileName(tile)} with the size of the buffer object`,
    },
  );
}

/** Device memory of a host buffer, which an array may keep where its launches read and write it. */
export interface MovableMemory {
  /** Where it is now. */
  readonly bytes: Uint8Array;
  /** Takes what it holds to `place`, where it is from now on. False, and nothing done, when somebody else may use it. */
  moveTo(place: Uint8Array): boolean;
  /** Takes it back to memory of its own. False, and nothing done, when somebody may use it. */
  moveOut(): boolean;
}

/** Memory of a host argument, as the shim DMA takes it. @throws UsageError when it is not aligned to 4 bytes. */
export function hostBuffer(bytes: Uint8Array, index: number, memory?: MovableMemory): HostBuffer {
  if (bytes.byteOffset % 4 !== 0) {
    throw new UsageError(
      `host argument ${index}: expected memory aligned to 4 bytes, got byte offset ${bytes.byteOffset}`,
      { hint: "copy it into an array of its own" },
    );
  }
  return {
    words: new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 4)),
    bytes: bytes.byteLength,
    memory,
  };
}
