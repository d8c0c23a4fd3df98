import type { Bundle } from "../device-model/ports.ts";
import type { DmaDirection } from "../device-model/tile-model.ts";
import {
  type Attribute,
  type BdDim,
  type BdPad,
  boolAttr,
  enumAttr,
  integerAttr,
  stringAttr,
  symbolAttr,
  typeAttr,
} from "../ir/attributes.ts";
import { type Block, type Location, Operation, Region, type Value } from "../ir/operation.ts";
import { type FunctionType, i1, i32, i64, index, type MemRefType } from "../ir/types.ts";

/** Which end of an objectFifo a core holds. */
export type FifoPort = "Produce" | "Consume";
export type LockAction = "Acquire" | "AcquireGreaterEqual" | "Release";

const int = (value: number) => integerAttr(value, i32);
const optionalInt = (value: number | undefined) => (value === undefined ? undefined : int(value));
const bdDims = (dims: readonly BdDim[]): Attribute => ({ kind: "bd-dims", dims });

/** A region with one block that holds `ops`. */
export function regionOf(ops: readonly Operation[] = []): Region {
  const region = new Region();
  for (const op of ops) region.entry.append(op);
  return region;
}

export function moduleOp(ops: readonly Operation[]): Operation {
  return new Operation("builtin.module", { regions: [regionOf(ops)] });
}

export function deviceOp(device: string, name: string, body: Region): Operation {
  return new Operation("aie.device", {
    attributes: { device: enumAttr(device), sym_name: stringAttr(name) },
    regions: [body],
  });
}

interface TileSpec {
  readonly col: number;
  readonly row: number;
  readonly allocationScheme?: string | undefined;
  readonly loc?: Location | undefined;
}

export function tileOp(tile: TileSpec): Operation {
  const kind = tile.row === 0 ? "shim_noc_tile" : tile.row === 1 ? "mem_tile" : "tile";
  return new Operation("aie.tile", {
    results: [index],
    resultNames: [`${kind}_${tile.col}_${tile.row}`],
    attributes: {
      col: int(tile.col),
      row: int(tile.row),
      allocation_scheme: tile.allocationScheme === undefined ? undefined : stringAttr(tile.allocationScheme),
    },
    loc: tile.loc,
  });
}

interface BufferSpec {
  readonly tile: Value;
  readonly name: string;
  readonly type: MemRefType;
  /** Byte in the tile's memory; chosen by the lowering when absent. */
  readonly address?: number | undefined;
  readonly bank?: number | undefined;
  readonly initialValue?: Attribute | undefined;
  readonly loc?: Location | undefined;
}

export function bufferOp(buffer: BufferSpec): Operation {
  return new Operation("aie.buffer", {
    operands: [buffer.tile],
    results: [buffer.type],
    resultNames: [buffer.name],
    attributes: {
      sym_name: stringAttr(buffer.name),
      address: optionalInt(buffer.address),
      mem_bank: optionalInt(buffer.bank),
      initial_value: buffer.initialValue,
    },
    loc: buffer.loc,
  });
}

interface LockSpec {
  readonly tile: Value;
  readonly name: string;
  /** The lowest that is free when absent. */
  readonly id?: number | undefined;
  readonly init: number;
  readonly loc?: Location | undefined;
}

export function lockOp(lock: LockSpec): Operation {
  return new Operation("aie.lock", {
    operands: [lock.tile],
    results: [index],
    resultNames: [lock.name],
    attributes: { sym_name: stringAttr(lock.name), lockID: optionalInt(lock.id), init: int(lock.init) },
    loc: lock.loc,
  });
}

export function useLockOp(lock: Value, action: LockAction, value: number, loc?: Location): Operation {
  return new Operation("aie.use_lock", {
    operands: [lock],
    attributes: { action: enumAttr(action), value: int(value) },
    loc,
  });
}

interface FlowSpec {
  readonly source: Value;
  readonly sourceBundle: Bundle;
  readonly sourceChannel: number;
  readonly dest: Value;
  readonly destBundle: Bundle;
  readonly destChannel: number;
  readonly loc?: Location | undefined;
}

export function flowOp(flow: FlowSpec): Operation {
  return new Operation("aie.flow", {
    operands: [flow.source, flow.dest],
    attributes: {
      source_bundle: enumAttr(flow.sourceBundle),
      source_channel: int(flow.sourceChannel),
      dest_bundle: enumAttr(flow.destBundle),
      dest_channel: int(flow.destChannel),
    },
    loc: flow.loc,
  });
}

interface ObjectFifoSpec {
  readonly name: string;
  readonly producer: Value;
  readonly consumers: readonly Value[];
  /** One number, or one for the producer and one for each consumer. */
  readonly depth: number | readonly number[];
  readonly element: MemRefType;
  readonly toStream?: readonly BdDim[] | undefined;
  /** One pattern for each consumer. */
  readonly fromStream?: readonly (readonly BdDim[])[] | undefined;
  readonly viaDma?: boolean | undefined;
  readonly repeatCount?: number | undefined;
  readonly iterCount?: number | undefined;
  readonly isUnsynchronised?: boolean | undefined;
  readonly padding?: readonly BdPad[] | undefined;
  readonly initialValues?: readonly Attribute[] | undefined;
  /** Ends that are a core's stream port: 0 the producer, 1 the consumer, 2 both. */
  readonly streamEnds?: 0 | 1 | 2 | undefined;
  readonly streamPort?: number | undefined;
}

export function objectFifoOp(fifo: ObjectFifoSpec): Operation {
  const perConsumer = fifo.consumers.map((_, i) => bdDims(fifo.fromStream?.[i] ?? []));
  return new Operation("aie.objectfifo", {
    operands: [fifo.producer, ...fifo.consumers],
    attributes: {
      sym_name: stringAttr(fifo.name),
      elemNumber:
        typeof fifo.depth === "number"
          ? int(fifo.depth)
          : { kind: "array", elements: fifo.depth.map((n) => integerAttr(n, i64)) },
      elemType: typeAttr({ kind: "objectfifo", element: fifo.element }),
      dimensionsToStream: bdDims(fifo.toStream ?? []),
      dimensionsFromStreamPerConsumer: { kind: "array", elements: perConsumer },
      via_DMA: boolAttr(fifo.viaDma ?? false),
      plio: boolAttr(false),
      disable_synchronization: boolAttr(fifo.isUnsynchronised ?? false),
      padDimensions: fifo.padding && { kind: "bd-pads", pads: fifo.padding },
      initValues: fifo.initialValues && { kind: "array", elements: fifo.initialValues },
      repeat_count: optionalInt(fifo.repeatCount),
      iter_count: optionalInt(fifo.iterCount),
      aie_stream: optionalInt(fifo.streamEnds),
      aie_stream_port: optionalInt(fifo.streamPort),
    },
  });
}

interface LinkSpec {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly sourceOffsets?: readonly number[];
  readonly destOffsets?: readonly number[];
}

export function linkOp(link: LinkSpec): Operation {
  const symbols = (names: readonly string[]): Attribute => ({
    kind: "array",
    elements: names.map((n) => symbolAttr(n)),
  });
  const offsets = (values: readonly number[] = []): Attribute => ({
    kind: "array",
    elements: values.map((n) => integerAttr(n, i64)),
  });
  return new Operation("aie.objectfifo.link", {
    attributes: {
      fifoIns: symbols(link.inputs),
      fifoOuts: symbols(link.outputs),
      src_offsets: offsets(link.sourceOffsets),
      dst_offsets: offsets(link.destOffsets),
    },
  });
}

interface FifoAccess {
  readonly fifo: string;
  readonly port: FifoPort;
  readonly count: number;
}

export function acquireOp(access: FifoAccess, element: MemRefType): Operation {
  return new Operation("aie.objectfifo.acquire", {
    results: [{ kind: "objectfifosubview", element }],
    attributes: accessAttributes(access),
  });
}

export function releaseOp(access: FifoAccess): Operation {
  return new Operation("aie.objectfifo.release", { attributes: accessAttributes(access) });
}

export function subviewAccessOp(subview: Value, position: number, element: MemRefType): Operation {
  return new Operation("aie.objectfifo.subview.access", {
    operands: [subview],
    results: [element],
    attributes: { index: int(position) },
  });
}

interface CoreSpec {
  readonly tile: Value;
  /** Place of the tile, for the result's name. */
  readonly col: number;
  readonly row: number;
  readonly stackBytes: number;
  readonly choosesObjectsAtRunTime?: boolean | undefined;
  /** A program that is built elsewhere; the body is empty then. */
  readonly elfFile?: string | undefined;
}

export function coreOp(core: CoreSpec, body: Region): Operation {
  return new Operation("aie.core", {
    operands: [core.tile],
    results: [index],
    resultNames: [`core_${core.col}_${core.row}`],
    attributes: {
      stack_size: int(core.stackBytes),
      dynamic_objfifo_lowering: core.choosesObjectsAtRunTime ? boolAttr(true) : undefined,
      elf_file: core.elfFile === undefined ? undefined : stringAttr(core.elfFile),
    },
    regions: [body],
  });
}

export function endOp(): Operation {
  return new Operation("aie.end");
}

export function kernelOp(name: string, type: FunctionType, object: string): Operation {
  return new Operation("func.func", {
    attributes: {
      sym_name: stringAttr(name),
      function_type: typeAttr(type),
      sym_visibility: stringAttr("private"),
      link_with: stringAttr(object),
    },
    regions: [new Region()],
  });
}

interface DmaStartSpec {
  readonly direction: DmaDirection;
  readonly channel: number;
  readonly first: Block;
  readonly next: Block;
  /** Executions of the chain minus one. */
  readonly repeat?: number | undefined;
}

export function dmaStartOp(start: DmaStartSpec): Operation {
  return new Operation("aie.dma_start", {
    results: [i1],
    attributes: {
      channel_dir: enumAttr(start.direction),
      channel_index: int(start.channel),
      repeat_count: optionalInt(start.repeat),
    },
    successors: [
      { block: start.first, args: [] },
      { block: start.next, args: [] },
    ],
  });
}

interface BdSpec {
  readonly buffer: Value;
  /** In elements of the buffer. */
  readonly offset: number;
  readonly length: number;
  readonly dims?: readonly BdDim[] | undefined;
  readonly padDimensions?: Attribute | undefined;
  readonly packet?: Attribute | undefined;
  readonly id?: number | undefined;
  readonly burstBytes?: number | undefined;
  readonly loc?: Location | undefined;
}

export function dmaBdOp(bd: BdSpec): Operation {
  return new Operation("aie.dma_bd", {
    operands: [bd.buffer],
    attributes: {
      offset: int(bd.offset),
      len: int(bd.length),
      dimensions: bd.dims && bd.dims.length > 0 ? bdDims(bd.dims) : undefined,
      pad_dimensions: bd.padDimensions,
      packet: bd.packet,
      bd_id: optionalInt(bd.id),
      burst_length: optionalInt(bd.burstBytes),
    },
    loc: bd.loc,
  });
}

export function nextBdOp(block: Block): Operation {
  return new Operation("aie.next_bd", { successors: [{ block, args: [] }] });
}

interface ShimAllocationSpec {
  readonly name: string;
  readonly tile: Value;
  readonly direction: DmaDirection;
  readonly channel: number;
  readonly isPlio?: boolean | undefined;
  readonly loc?: Location | undefined;
}

export function shimAllocationOp(allocation: ShimAllocationSpec): Operation {
  return new Operation("aie.shim_dma_allocation", {
    operands: [allocation.tile],
    attributes: {
      sym_name: stringAttr(allocation.name),
      channel_dir: enumAttr(allocation.direction),
      channel_index: integerAttr(allocation.channel, i64),
      plio: boolAttr(allocation.isPlio ?? false),
    },
    loc: allocation.loc,
  });
}

function accessAttributes(access: FifoAccess): Record<string, Attribute> {
  return { objFifo_name: symbolAttr(access.fifo), port: enumAttr(access.port), size: int(access.count) };
}
