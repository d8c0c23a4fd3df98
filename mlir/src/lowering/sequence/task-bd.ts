import { DesignError } from "@aiekit/core";
import { tileModel } from "../../device-model/device-model.ts";
import { type DmaDirection, type TileKind, tileModels } from "../../device-model/tile-model.ts";
import type { Block, Operation } from "../../ir/operation.ts";
import { bitWidth, type MemRefType, memrefElements, type UnrankedMemRefType } from "../../ir/types.ts";
import { coordOf, type Device, tileOperand } from "../device-ops.ts";
import { burstEncoding, shimPattern, type Transfer, transferCure, transferError } from "../shim-transfer.ts";
import type { BdFields, LockField } from "./bd-words.ts";
import type { BdMemory, ChannelRef } from "./emitter.ts";
import { type HostMemoryOf, packetOf } from "./memcpy.ts";

const bytesPerWord = 4;

interface TaskBd {
  readonly op: Operation;
  readonly block: Block;
  readonly id: number;
  readonly nextBd: number | undefined;
  /** Packet header of the task, for BDs that have none of their own. */
  readonly packet: ReturnType<typeof packetOf>;
}

/** The registers of one BD of a task. Source: AIEDMATasksToNPU rewriteSingleBD. @throws DesignError with its message. */
export function taskBdFields(device: Device, at: ChannelRef, { op, block, id, nextBd, packet }: TaskBd): BdFields {
  const elementBits = bitWidth(memrefOf(op).element);
  const { kind, dma } = tileModel(device.model, at.place.col, at.place.row);
  const offsetBytes = ((op.int("offset") ?? 0) * elementBits) / 8;
  const lengthBytes = Math.trunc((lengthOf(op) * elementBits) / 8);
  if (offsetBytes % bytesPerWord !== 0) throw new DesignError("aie.dma_bd: Offset must be aligned to 4 byte boundary.");
  if (lengthBytes < bytesPerWord) {
    throw new DesignError(
      `aie.dma_bd: Transfer size of ${lengthBytes} bytes falls below minimum hardware transfer unit of ${bytesPerWord} bytes.`,
    );
  }
  const burstBytes = op.int("burst_length") ?? 0;
  const burst = burstEncoding(device.model, burstBytes);
  if (burst === undefined) throw new DesignError(`aie.dma_bd: ${device.model.name} has no burst of ${burstBytes} B`);
  const lengthWords = Math.trunc(lengthBytes / bytesPerWord);
  const common = {
    bd: id,
    lengthWords,
    // The address is written behind this, with the offset in it; a compute tile's field counts words.
    offset: kind === "computeTile" ? offsetBytes >>> 2 : offsetBytes,
    burst,
    packet: checkedPacket(packetOf(op) ?? packet),
    ...paddingOf(op, { kind, direction: at.direction }),
    nextBd,
    ...locksOf(block, at),
  };
  const dims = op.attributes.get("dimensions");
  if (dims?.kind !== "bd-dims" || dims.dims.length === 0) {
    return { ...common, sizes: [0, 0, 0], strides: [0, 0, 0], iterationSize: 0, iterationStride: 0 };
  }
  if (dims.dims.length > 4) {
    throw new DesignError("aie.dma_bd: At most four data layout transformation dimensions may be provided.");
  }
  const inner = dims.dims.toReversed();
  const transfer: Transfer = {
    elementBits,
    sizes: [0, 1, 2, 3].map((i) => inner[i]?.size ?? 1),
    strides: [0, 1, 2, 3].map((i) => inner[i]?.stride ?? 0),
  };
  // One row is a plain run whatever its stride: the compiler leaves the stride out, `warnOfDevice` says so.
  const isRun = transfer.sizes[1] === 1 && transfer.sizes[2] === 1;
  const error = transferError(transfer, dma, isRun);
  const cure = error === undefined ? undefined : transferCure(transfer, kind);
  if (error !== undefined) throw new DesignError(`aie.dma_bd: ${error}`, cure === undefined ? {} : { hint: cure });
  const pattern = shimPattern(transfer, isRun);
  if (pattern.lengthWords !== lengthWords) {
    throw new DesignError(
      `aie.dma_bd: Buffer descriptor length does not match length of transfer expressed by lowest three dimensions of data layout transformation strides/wraps. BD length is ${lengthBytes} bytes. Lowest three dimensions of data layout transformation would result in transfer of ${pattern.lengthWords * bytesPerWord} bytes.`,
      { hint: "the outermost dimension is repeat_count of the task and not part of the length" },
    );
  }
  const { sizes, strides, iterationSize, iterationStride } = pattern;
  // Dimension 2 needs no size: the length ends it.
  return { ...common, sizes: [...sizes, 0], strides, iterationSize, iterationStride };
}

/** Where the buffer of a task's BD lies, its offset included. Source: AIEDMATasksToNPU setAddressForSingleBD. */
export function taskBdMemory(device: Device, at: ChannelRef, bd: Operation, memoryOf: HostMemoryOf): BdMemory {
  const [value] = bd.operands;
  const offsetBytes = ((bd.int("offset") ?? 0) * bitWidth(memrefOf(bd).element)) / 8;
  const buffer = value?.definingOp;
  if (buffer?.name === "aie.buffer") {
    const address = buffer.int("address");
    if (address === undefined) throw new DesignError(`aie.dma_bd: @${buffer.text("sym_name")} has no address`);
    return { addressBytes: address + offsetBytes + memtileWindow(device, at, buffer) };
  }
  const host = value && memoryOf(value);
  if (host === undefined) {
    throw new DesignError(
      "aie.dma_bd: Buffer argument must be a constant aie.buffer, a runtime sequence input argument, or a (chain of) subview(s) or cast(s) of a block argument with constant offsets and strides equal to one.",
    );
  }
  return { host: { ...host, offsetBytes: host.offsetBytes + offsetBytes } };
}

/**
 * The DMA of an AIE2P memtile sees its west neighbour's memory, its own behind it, and the east one's behind that; on AIE2
 * the compiler writes the address as it is. Source: AIETargetModel getMemLocalBaseAddress, AIEDMATasksToNPU.
 */
function memtileWindow(device: Device, at: ChannelRef, buffer: Operation): number {
  if (device.model.generation !== "aie2p" || at.place.row !== 1) return 0;
  return neighbourIndex(at, coordOf(tileOperand(buffer)).col) * tileModels.memtile.dataBytes;
}

/** 0, 1, 2 for the memtile to the west, the DMA's own one, the one to the east. */
function neighbourIndex({ place }: ChannelRef, col: number): number {
  return Math.min(2, Math.max(0, col - place.col + 1));
}

/** A BD's packet header has 3 bits of type and 5 bits of id. Source: AM020, packet header. */
function checkedPacket(packet: ReturnType<typeof packetOf>): ReturnType<typeof packetOf> {
  if (packet && packet.id > 31) {
    throw new DesignError(`aie.dma_bd: Packet ID exceeds the maximum supported by 5 bits. (${packet.id})`);
  }
  if (packet && packet.type > 7) {
    throw new DesignError(`aie.dma_bd: Packet Type exceeds the maximum supported by 3 bits. (${packet.type})`);
  }
  return packet;
}

/** Zeros that a memtile adds, innermost dimension first. @throws DesignError where no DMA does that. */
function paddingOf(
  bd: Operation,
  at: { readonly kind: TileKind; readonly direction: DmaDirection },
): { readonly zerosBefore?: readonly number[]; readonly zerosAfter?: readonly number[] } {
  const attr = bd.attributes.get("pad_dimensions");
  if (attr?.kind !== "bd-pads" || attr.pads.length === 0) return {};
  const dims = bd.attributes.get("dimensions");
  const count = dims?.kind === "bd-dims" ? dims.dims.length : 0;
  const error = paddingError(at, count, attr.pads.length);
  if (error !== undefined) throw new DesignError(`aie.dma_bd: ${error}`);
  const pads = attr.pads.toReversed();
  return { zerosBefore: pads.map((p) => p.before), zerosAfter: pads.map((p) => p.after) };
}

function paddingError(
  { kind, direction }: { readonly kind: TileKind; readonly direction: DmaDirection },
  dims: number,
  pads: number,
): string | undefined {
  const isSender = kind === "memtile" && direction === "MM2S";
  if (dims === 0) {
    return isSender
      ? "Padding requires n-d data layouts expressed as wrap(s) and stride(s)."
      : "Padding is supported only on MemTiles.";
  }
  if (kind !== "memtile") return "Padding is only supported by memtile dma bds.";
  if (pads > dims) return "Mismatch number of dimensions between padding(s) and wrap(s) and stride(s).";
  return isSender ? undefined : "supports padding only for MM2S direction on MemTiles.";
}

interface BdLocks {
  readonly acquire: LockField | undefined;
  readonly release: LockField | undefined;
}

/** Two lock operations that are no pair of acquire and release set nothing. Source: getOptionalLockOpsForBlock. */
function locksOf(block: Block, at: ChannelRef): BdLocks {
  const uses = block.ops.filter((op) => op.name === "aie.use_lock");
  if (uses.length !== 0 && uses.length !== 2) {
    throw new DesignError(
      `aie.use_lock: BD blocks must have either 0 or 2 lock operations (acquire and release). Found ${uses.length} lock operations.`,
    );
  }
  const acquire = uses.find((op) => op.text("action") !== "Release");
  const release = uses.find((op) => op.text("action") === "Release");
  const [taken, given] = [acquire?.operands[0]?.definingOp, release?.operands[0]?.definingOp];
  if (!acquire || !release || !taken || !given) return { acquire: undefined, release: undefined };
  // A memtile's DMA counts its own locks behind those of its west neighbour; the acquired lock's place stands for both.
  const window =
    at.place.row === 1 ? neighbourIndex(at, coordOf(tileOperand(taken)).col) * tileModels.memtile.locks : 0;
  const field = (op: Operation, lock: Operation): LockField => {
    const value = op.int("value") ?? 1;
    const isAtLeast = op.text("action") === "AcquireGreaterEqual";
    return { id: (lock.int("lockID") ?? 0) + window, value: isAtLeast ? -value : value };
  };
  return { acquire: field(acquire, taken), release: field(release, given) };
}

function memrefOf(bd: Operation): MemRefType | UnrankedMemRefType {
  const type = bd.operands[0]?.type;
  if (type?.kind !== "memref" && type?.kind !== "unranked-memref") {
    throw new DesignError("aie.dma_bd: expected a memref as operand");
  }
  return type;
}

/** Elements that a BD moves. */
function lengthOf(bd: Operation): number {
  const type = memrefOf(bd);
  const length = bd.int("len") ?? (type.kind === "memref" ? memrefElements(type) : null);
  if (length === null) throw new DesignError("aie.dma_bd: expected a length, the buffer's shape is not known");
  return length;
}
