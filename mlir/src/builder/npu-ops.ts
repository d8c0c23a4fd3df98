import { type Attribute, boolAttr, integerAttr, stringAttr, symbolAttr } from "../ir/attributes.ts";
import { type Location, Operation, type Region, type Value } from "../ir/operation.ts";
import { i32, i64, type MemRefType, ui32 } from "../ir/types.ts";

/** A transfer between a host buffer and an objectFifo's shim end. Four entries each, outermost first, in elements. */
interface MemcpyNdSpec {
  readonly buffer: Value;
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  /** Symbol of the objectFifo or of its shim DMA allocation. */
  readonly metadata: string;
  /** BD of the shim tile, 0..15. */
  readonly id: number;
  readonly issueToken?: boolean | undefined;
  readonly burstBytes?: number | undefined;
  readonly packet?: { readonly type: number; readonly id: number } | undefined;
}

const dense = (values: readonly number[]): Attribute => ({
  kind: "dense-array",
  values: values.map(BigInt),
  element: i64,
});
const unsigned = (value: number) => integerAttr(value, ui32);
const int = (value: number) => integerAttr(value, i32);

export function sequenceOp(name: string, body: Region): Operation {
  return new Operation("aie.runtime_sequence", { attributes: { sym_name: stringAttr(name) }, regions: [body] });
}

export function memcpyNdOp(spec: MemcpyNdSpec): Operation {
  return new Operation("aiex.npu.dma_memcpy_nd", {
    operands: [spec.buffer],
    attributes: {
      static_offsets: dense(spec.offsets),
      static_sizes: dense(spec.sizes),
      static_strides: dense(spec.strides),
      id: integerAttr(spec.id, i64),
      metadata: symbolAttr(spec.metadata),
      issue_token: spec.issueToken ? boolAttr(true) : undefined,
      burst_length: spec.burstBytes === undefined ? undefined : integerAttr(spec.burstBytes, i64),
      packet: spec.packet && { kind: "packet-info", packetType: spec.packet.type, packetId: spec.packet.id },
    },
  });
}

export function dmaWaitOp(symbol: string): Operation {
  return new Operation("aiex.npu.dma_wait", { attributes: { symbol: symbolAttr(symbol) } });
}

/** One 32-bit word of a buffer in the array. */
export function rtpWriteOp(buffer: string, index: number, value: number): Operation {
  return new Operation("aiex.npu.rtp_write", {
    attributes: { buffer: symbolAttr(buffer), index: unsigned(index), value: int(value | 0) },
  });
}

export function setLockOp(lock: Value, value: number): Operation {
  return new Operation("aiex.set_lock", { operands: [lock], attributes: { value: int(value) } });
}

interface RegisterWrite {
  readonly address: number;
  readonly value: number;
  /** With both, `address` is an offset in that tile; without, it names the tile itself. */
  readonly col?: number | undefined;
  readonly row?: number | undefined;
  readonly loc?: Location | undefined;
}

export function write32Op(write: RegisterWrite): Operation {
  return new Operation("aiex.npu.write32", {
    attributes: { address: unsigned(write.address), value: unsigned(write.value >>> 0), ...place(write) },
    loc: write.loc,
  });
}

export function maskWrite32Op(write: RegisterWrite & { readonly mask: number }): Operation {
  return new Operation("aiex.npu.maskwrite32", {
    attributes: {
      address: unsigned(write.address),
      mask: unsigned(write.mask >>> 0),
      value: unsigned(write.value >>> 0),
      ...place(write),
    },
    loc: write.loc,
  });
}

export function blockWriteOp(data: Value, address: number, loc?: Location): Operation {
  return new Operation("aiex.npu.blockwrite", { operands: [data], attributes: { address: unsigned(address) }, loc });
}

export function addressPatchOp(
  patch: { readonly address: number; readonly argIndex: number; readonly argPlus: number },
  loc?: Location,
): Operation {
  return new Operation("aiex.npu.address_patch", {
    attributes: { addr: unsigned(patch.address), arg_idx: int(patch.argIndex), arg_plus: int(patch.argPlus) },
    loc,
  });
}

interface SyncSpec {
  readonly col: number;
  readonly row: number;
  readonly direction: "S2MM" | "MM2S";
  readonly channel: number;
  readonly loc?: Location | undefined;
}

export function syncOp(sync: SyncSpec): Operation {
  return new Operation("aiex.npu.sync", {
    attributes: {
      column: int(sync.col),
      row: int(sync.row),
      direction: int(sync.direction === "S2MM" ? 0 : 1),
      channel: int(sync.channel),
      column_num: int(1),
      row_num: int(1),
    },
    loc: sync.loc,
  });
}

/** `memref.global "private" constant` with 32-bit words, shown as signed numbers as the dialect prints them. */
export function wordsGlobalOp(name: string, words: readonly number[]): Operation {
  const type: MemRefType = { kind: "memref", shape: [words.length], element: i32 };
  return new Operation("memref.global", {
    attributes: {
      sym_name: stringAttr(name),
      sym_visibility: stringAttr("private"),
      constant: { kind: "unit" },
      type: { kind: "type", type },
      initial_value: {
        kind: "dense",
        values: words.map((w) => BigInt(w | 0)),
        splat: false,
        type: { kind: "tensor", shape: [words.length], element: i32 },
      },
    },
  });
}

export function getGlobalOp(name: string, type: MemRefType): Operation {
  return new Operation("memref.get_global", { results: [type], attributes: { name: symbolAttr(name) } });
}

function place(write: RegisterWrite): Record<string, Attribute | undefined> {
  return {
    column: write.col === undefined ? undefined : int(write.col),
    row: write.row === undefined ? undefined : int(write.row),
  };
}
