import { DesignError } from "@aiekit/core";
import { memoryWindow, memtileReaches } from "../device-model/neighbours.ts";
import type { Attribute, BdDim } from "../ir/attributes.ts";
import { type Operation, type Value, walk } from "../ir/operation.ts";
import type { MemRefType } from "../ir/types.ts";
import { coordOf, type Device, opsNamed, sameTile, symbolName, tileModelOf, tileOperand } from "./device-ops.ts";

/** An objectFifo as it was declared. */
export interface Fifo {
  readonly op: Operation;
  readonly name: string;
  readonly producer: Value;
  readonly consumers: readonly Value[];
  /** Declared depths: one for all ends, or one for each, producer first. */
  readonly depths: readonly number[];
  readonly element: MemRefType;
  readonly toStream: readonly BdDim[];
  readonly fromStream: readonly (readonly BdDim[])[];
  readonly padDimensions: Attribute | undefined;
  readonly initValues: readonly Attribute[];
  readonly repeatCount: number | undefined;
  readonly iterCount: number | undefined;
  readonly viaDma: boolean;
  /** Its shim end is a PLIO port instead of a DMA. */
  readonly isPlio: boolean;
  readonly hasLocks: boolean;
  /** Ends that are a core's stream port instead of a DMA. */
  readonly streamPort: { readonly producer: boolean; readonly consumer: boolean; readonly port: number } | undefined;
  /** Host memory given to a shim end. */
  readonly externalBuffers: readonly { readonly tile: Value; readonly buffers: readonly Value[] }[];
}

/** Where the objects of a fifo live when both tiles reach one memory; `undefined`: they go through DMAs. */
export function sharedTile(
  device: Device,
  fifo: Fifo,
  link: "none" | "forward" | "distribute" | "join",
): Value | undefined {
  const [consumer, ...others] = fifo.consumers;
  if (consumer === undefined) throw new DesignError(`objectFifo @${fifo.name}: expected a consumer, got none`);
  const hasPattern = fifo.toStream.length > 0 || fifo.fromStream.some((dims) => dims.length > 0);
  const needsDma = fifo.viaDma || fifo.repeatCount !== undefined || fifo.streamPort !== undefined || hasPattern;
  const wished = allocatedTile(device, fifo, consumer);
  if (others.length > 0 || needsDma) return undefined;
  const home = commonMemory(device, fifo.producer, consumer);
  if (home === undefined) return undefined;
  // A linked fifo goes through DMAs unless it says where its objects lie, and then only as the whole of another.
  if (link === "none") return wished ?? home;
  return link === "forward" ? wished : undefined;
}

/**
 * Where `aie.objectfifo.allocate` wants the objects, when both ends reach that memory. The real tool names a wish that
 * cannot be granted an error, and goes on as if it were not there: here the verifier warns.
 */
function allocatedTile(device: Device, fifo: Fifo, consumer: Value): Value | undefined {
  const wish = opsNamed(device, "aie.objectfifo.allocate").findLast((op) => op.text("objFifo_name") === fifo.name);
  const wished = wish && tileOperand(wish);
  return wished && reaches(device, fifo.producer, wished) && reaches(device, consumer, wished) ? wished : undefined;
}

/** True when the DMA or the core of `from` reaches the memory of `memory` without a stream. */
function reaches(device: Device, from: Value, memory: Value): boolean {
  const [a, b] = [coordOf(from), coordOf(memory)];
  const kinds = [tileModelOf(device, from).kind, tileModelOf(device, memory).kind];
  // Two shims share what they have in common: nothing. The real lowering calls that shared and makes no flow.
  if (kinds.every((kind) => kind === "shim")) return true;
  return memoryWindow(device.model, a, b) !== undefined || memtileReaches(device.model, a, b);
}

/** Every objectFifo of a device in program order. */
export function readFifos(device: Device): Fifo[] {
  return opsNamed(device, "aie.objectfifo").map((op) => readFifo(device, op));
}

/**
 * Objects that a DMA end gets. An array of depths is taken as it is. One depth is a wish: a core's end gets one object
 * more than its largest acquire, so that DMA and core can work at the same time.
 * Source: AIEObjectFifoStatefulTransform findObjectFifoSize; measured.
 */
export function endDepth(device: Device, fifo: Fifo, end: { readonly tile: Value; readonly position: number }): number {
  const declared = fifo.depths[fifo.depths.length === 1 ? 0 : end.position] ?? 0;
  const { kind } = tileModelOf(device, end.tile);
  if (kind === "shim") return externalBuffers(fifo, end.tile).length;
  // The real lowering forgets that a depth was in a list where the consumer's DMA follows a pattern.
  const isWish = fifo.depths.length === 1 || (end.position > 0 && (fifo.fromStream[end.position - 1]?.length ?? 0) > 0);
  if (!isWish || declared === 0 || kind === "memtile") return declared;
  if (end.position === 0 && fifo.initValues.length > 0) return declared;
  // The real lowering gives the acquires of a tile that is both producer and consumer to the consumer's end.
  const isAlsoConsumer = end.position === 0 && fifo.consumers.some((tile) => sameTile(tile, end.tile));
  const most = isAlsoConsumer ? 0 : largestAcquire(device, fifo, end.tile);
  if (most === 0) return declared;
  return most === 1 && declared === 1 ? 1 : most + 1;
}

export function externalBuffers(fifo: Fifo, tile: Value): readonly Value[] {
  return fifo.externalBuffers.find((e) => sameTile(e.tile, tile))?.buffers ?? [];
}

function readFifo(device: Device, op: Operation): Fifo {
  const [producer, ...consumers] = op.operands;
  const type = op.attributes.get("elemType");
  if (producer === undefined || type?.kind !== "type" || type.type.kind !== "objectfifo") {
    throw new DesignError(`objectFifo @${symbolName(op)}: expected a producer and an element type`);
  }
  const depth = op.attributes.get("elemNumber");
  const depths = depth?.kind === "array" ? depth.elements : depth ? [depth] : [];
  const stream = op.int("aie_stream");
  const initValues = op.attributes.get("initValues");
  return {
    op,
    name: symbolName(op),
    producer,
    consumers,
    depths: depths.map((d) => (d.kind === "integer" ? Number(d.value) : 0)),
    element: type.type.element,
    toStream: dimsOf(op.attributes.get("dimensionsToStream")),
    fromStream: consumers.map((_, i) => {
      const lists = op.attributes.get("dimensionsFromStreamPerConsumer");
      return dimsOf(lists?.kind === "array" ? lists.elements[i] : undefined);
    }),
    padDimensions: op.attributes.get("padDimensions"),
    initValues: initValues?.kind === "array" ? initValues.elements : [],
    repeatCount: op.int("repeat_count"),
    iterCount: op.int("iter_count"),
    viaDma: op.flag("via_DMA"),
    isPlio: op.flag("plio"),
    hasLocks: !op.flag("disable_synchronization"),
    streamPort:
      stream === undefined
        ? undefined
        : { producer: stream !== 1, consumer: stream !== 0, port: op.int("aie_stream_port") ?? 0 },
    externalBuffers: opsNamed(device, "aie.objectfifo.register_external_buffers")
      .filter((r) => r.text("objFifo_name") === symbolName(op))
      .map((r) => ({ tile: tileOperand(r), buffers: r.operands.slice(1) })),
  };
}

function dimsOf(attr: Attribute | undefined): readonly BdDim[] {
  return attr?.kind === "bd-dims" ? attr.dims : [];
}

/** The producer's memory when the consumer reaches it, else the consumer's when the producer reaches that. */
function commonMemory(device: Device, producer: Value, consumer: Value): Value | undefined {
  if (reaches(device, consumer, producer)) return producer;
  return reaches(device, producer, consumer) ? consumer : undefined;
}

function largestAcquire(device: Device, fifo: Fifo, tile: Value): number {
  let most = 0;
  for (const core of opsNamed(device, "aie.core")) {
    if (!sameTile(tileOperand(core), tile)) continue;
    walk(core, (op) => {
      if (op.name !== "aie.objectfifo.acquire" || op.text("objFifo_name") !== fifo.name) return;
      most = Math.max(most, op.int("size") ?? 0);
    });
  }
  return most;
}
