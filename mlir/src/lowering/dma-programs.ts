import { BudgetError, DesignError } from "@aiekit/core";
import { dmaBdOp, dmaStartOp, endOp, flowOp, nextBdOp, shimAllocationOp, useLockOp } from "../builder/aie-ops.ts";
import type { Bundle } from "../device-model/ports.ts";
import type { DmaDirection, TileKind } from "../device-model/tile-model.ts";
import { Block, Operation, Region, type Value, walk } from "../ir/operation.ts";
import { index, memrefElements } from "../ir/types.ts";
import {
  appendToDevice,
  coordOf,
  type Device,
  opsNamed,
  placeText,
  sameTile,
  tileModelOf,
  tileOperand,
} from "./device-ops.ts";
import { type Link, linkOf } from "./fifo-links.ts";
import { type FifoEnd, type FifoObjects, type FifoPlan, isLinkEnd, type LockPair } from "./fifo-objects.ts";
import { withLocation } from "./location.ts";

/** A DMA program's parts: one BD after another, each with what it acquires and releases. */
interface PlannedBd {
  readonly buffer: Value;
  /** In elements of the buffer, as the length. */
  readonly offset: number;
  readonly length: number;
  readonly locks: LockPair | undefined;
  /** Locks taken and given at once. */
  readonly count: number;
}

/**
 * Connects the ends of every fifo that goes through DMAs: channels, BD programs, flows, shim allocations. Ends whose
 * buffers lie on a neighbour get their channels first, because only some channels reach there.
 * Source: AIEObjectFifoStatefulTransform createDMA, DMAChannelAnalysis; measured.
 */
export function connectFifos(device: Device, plan: FifoPlan): void {
  const channels = new Channels(device);
  const fifos = [...new Set(plan.ends.filter((e) => e.role === "producer").map((e) => e.fifo))];
  const endsInOrder = fifos.flatMap((fifo) => {
    const ends = plan.ends.filter((e) => e.fifo === fifo);
    return ends.sort((a, b) => a.position - b.position);
  });
  const usesDma = (end: FifoEnd) => !streamPortOf(end);
  const take = (end: FifoEnd, reaches: boolean) => withLocation(end.fifo.op, () => channels.take(end, reaches));
  for (const end of endsInOrder) if (usesDma(end) && reachesNeighbour(plan, end)) take(end, true);
  for (const end of endsInOrder) if (usesDma(end) && !reachesNeighbour(plan, end)) take(end, false);

  for (const fifo of fifos) {
    const ends = endsInOrder.filter((e) => e.fifo === fifo);
    const [producer, ...consumers] = ends;
    if (producer === undefined) continue;
    for (const end of ends) connectEnd(device, plan, end, channels);
    for (const consumer of consumers) insertFlow(device, producer, consumer, channels);
  }
}

/** Hands out DMA channels, lowest number first. */
class Channels {
  readonly #device: Device;
  readonly #owners = new Map<string, string[]>();
  readonly #ofEnd = new Map<FifoEnd, number>();

  constructor(device: Device) {
    this.#device = device;
    for (const mem of opsNamed(device, "aie.mem", "aie.memtile_dma", "aie.shim_dma")) {
      walk(mem, (op) => {
        if (op.name !== "aie.dma_start" && op.name !== "aie.dma") return;
        const list = this.#list(tileOperand(mem), op.text("channel_dir") === "MM2S" ? "MM2S" : "S2MM");
        list[op.int("channel_index") ?? 0] = "a DMA program of the design";
      });
    }
  }

  take(end: FifoEnd, reachesNeighbour: boolean): void {
    const { dma } = tileModelOf(this.#device, end.tile);
    const direction = directionOf(end);
    const owners = this.#list(end.tile, direction);
    const limit = reachesNeighbour ? dma.channelsReachingNeighbours : dma.channels;
    for (let channel = 0; channel < limit; channel++) {
      if (owners[channel] !== undefined) continue;
      owners[channel] = `objectFifo @${end.fifo.name}`;
      this.#ofEnd.set(end, channel);
      return;
    }
    const what = direction === "MM2S" ? "output" : "input";
    throw new BudgetError(
      `tile ${placeText(coordOf(end.tile))}: number of ${what} DMA channel exceeded! @${end.fifo.name} needs one, all ${limit} are in use by ${owners.join(", ")}`,
      { hint: "pack inputs into one objectFifo, share memory with a neighbour, or split at a memtile" },
    );
  }

  of(end: FifoEnd): number {
    return this.#ofEnd.get(end) ?? 0;
  }

  #list(tile: Value, direction: DmaDirection): string[] {
    const key = `${placeText(coordOf(tile))} ${direction}`;
    const list = this.#owners.get(key) ?? [];
    this.#owners.set(key, list);
    return list;
  }
}

function directionOf(end: FifoEnd): DmaDirection {
  return end.role === "consumer" ? "S2MM" : "MM2S";
}

function streamPortOf(end: FifoEnd): { readonly port: number } | undefined {
  const stream = end.fifo.streamPort;
  if (stream === undefined) return undefined;
  return (end.role === "consumer" ? stream.consumer : stream.producer) ? stream : undefined;
}

function reachesNeighbour(plan: FifoPlan, end: FifoEnd): boolean {
  const buffers = plan.objectsOf(end)?.buffers ?? [];
  return buffers.some((b) => b.definingOp?.name === "aie.buffer" && !sameTile(tileOperand(b.definingOp), end.tile));
}

function connectEnd(device: Device, plan: FifoPlan, end: FifoEnd, channels: Channels): void {
  if (streamPortOf(end)) return;
  const objects = plan.objectsOf(end);
  const link = linkOf(plan.links, end.fifo);
  const { kind } = tileModelOf(device, end.tile);
  const bds = objects ? planBds(end, { kind, objects, link: link && isLinkEnd(link, end) ? link : undefined }) : [];
  const direction = directionOf(end);
  const channel = channels.of(end);
  if (bds.length > 0) appendProgram(device, end, bds, { direction, channel });
  if (kind === "shim") {
    const name = `${end.fifo.name}_shim_alloc`;
    const { isPlio, op } = end.fifo;
    appendToDevice(device, shimAllocationOp({ name, tile: end.tile, direction, channel, isPlio, loc: op.loc }));
  }
}

/** The ring of BDs of one end, in the order in which the channel runs them. */
function planBds(
  end: FifoEnd,
  at: { readonly kind: TileKind; readonly objects: FifoObjects; readonly link: Link | undefined },
): PlannedBd[] {
  const { kind, objects, link } = at;
  const isOutput = end.role !== "consumer";
  const repeat = link?.repeat ?? end.fifo.repeatCount ?? 1;
  const copies = isOutput ? repeat : 1;
  // The end that fills a linked object makes it available `repeat` times at once.
  const count = isOutput ? 1 : (link?.repeat ?? 1);
  const parts = partsOfEnd(end, link);
  return objects.buffers.flatMap((buffer) =>
    Array.from({ length: copies }, () =>
      parts.map(
        ({ offset, length, lock }): PlannedBd => ({
          buffer,
          offset,
          // A compute tile's end of a link moves its own fifo's objects, and so does one that puts zeros around what
          // the buffers hold; a memtile's moves those of the buffers.
          length:
            length ??
            (kind === "computeTile" || (isOutput && end.fifo.padDimensions !== undefined)
              ? (memrefElements(end.fifo.element) ?? 0)
              : elementsOf(buffer)),
          locks: objects.locks[lock],
          count,
        }),
      ),
    ).flat(),
  );
}

function partsOfEnd(
  end: FifoEnd,
  link: Link | undefined,
): readonly { readonly offset: number; readonly length?: number; readonly lock: number }[] {
  if (link === undefined || link.kind === "forward") return [{ offset: 0, lock: 0 }];
  if (link.holder === end.fifo) return link.parts.map((part, lock) => ({ ...part, lock }));
  const fan = link.kind === "join" ? link.inputs : link.outputs;
  const lock = fan.indexOf(end.fifo);
  const part = link.parts[lock];
  return part ? [{ ...part, lock }] : [];
}

function elementsOf(buffer: Value): number {
  return buffer.type.kind === "memref" ? (memrefElements(buffer.type) ?? 0) : 0;
}

function appendProgram(
  device: Device,
  end: FifoEnd,
  bds: readonly PlannedBd[],
  at: { readonly direction: DmaDirection; readonly channel: number },
): void {
  const region = programOf(device, end.tile);
  const { start, stop } = openProgram(region);
  const blocks = bds.map(() => insertBlockBefore(region, stop));
  const [first] = blocks;
  if (first === undefined) return;
  // Only a memtile counts its rounds; what is on the other side of the stream runs for ever.
  const iterCount = tileModelOf(device, end.tile).kind === "memtile" ? end.fifo.iterCount : undefined;
  const isRing = iterCount === undefined;
  start.append(dmaStartOp({ ...at, first, next: stop, repeat: isRing ? undefined : iterCount - 1 }));
  const isOutput = at.direction === "MM2S";
  const dims = isOutput ? end.fifo.toStream : end.fifo.fromStream[end.position - 1];
  const padDimensions = isOutput && dims?.length ? end.fifo.padDimensions : undefined;
  for (const [i, bd] of bds.entries()) {
    const block = blocks[i];
    if (block === undefined) continue;
    const { buffer, offset, length, locks, count } = bd;
    if (locks) block.append(useLockOp(isOutput ? locks.full : locks.empty, "AcquireGreaterEqual", count));
    block.append(dmaBdOp({ buffer, offset, length, dims, padDimensions, loc: end.fifo.op.loc }));
    if (locks) block.append(useLockOp(isOutput ? locks.empty : locks.full, "Release", count));
    block.append(nextBdOp(blocks[i + 1] ?? (isRing ? first : stop)));
  }
}

/** Where the next channel's `dma_start` goes, and the block that ends the program. */
function openProgram(region: Region): { readonly start: Block; readonly stop: Block } {
  const { entry } = region;
  const lastStart = region.blocks.flatMap((b) => b.ops).findLast((op) => op.name === "aie.dma_start");
  if (lastStart === undefined) {
    const end = entry.ops.at(-1);
    if (end?.name === "aie.end") entry.remove(end);
    const stop = region.addBlock();
    stop.append(endOp());
    return { start: entry, stop };
  }
  const [chain, next] = lastStart.successors;
  if (chain === undefined || next === undefined) throw new DesignError("aie.dma_start: expected two successors");
  const start = insertBlockBefore(region, next.block);
  lastStart.successors[1] = { block: start, args: [] };
  return { start, stop: next.block };
}

function insertBlockBefore(region: Region, anchor: Block): Block {
  const block = new Block();
  block.parent = region;
  region.blocks.splice(region.blocks.indexOf(anchor), 0, block);
  return block;
}

/** The region of a tile's DMA program, made when there is none. */
function programOf(device: Device, tile: Value): Region {
  const { kind } = tileModelOf(device, tile);
  const name = { computeTile: "aie.mem", memtile: "aie.memtile_dma", shim: "aie.shim_dma" }[kind];
  const known = opsNamed(device, name).find((op) => sameTile(tileOperand(op), tile));
  if (known?.regions[0]) return known.regions[0];
  const region = new Region();
  region.addBlock().append(endOp());
  const { col, row } = coordOf(tile);
  const resultName = `${name.slice("aie.".length)}_${col}_${row}`;
  appendToDevice(
    device,
    new Operation(name, { operands: [tile], results: [index], resultNames: [resultName], regions: [region] }),
  );
  return region;
}

function insertFlow(device: Device, producer: FifoEnd, consumer: FifoEnd, channels: Channels): void {
  const port = (end: FifoEnd): { bundle: Bundle; channel: number } => {
    const stream = streamPortOf(end);
    if (stream) return { bundle: "Core", channel: stream.port };
    const isPlio = end.fifo.isPlio && tileModelOf(device, end.tile).kind === "shim";
    return { bundle: isPlio ? "PLIO" : "DMA", channel: channels.of(end) };
  };
  const [from, to] = [port(producer), port(consumer)];
  device.block.insertBefore(
    producer.fifo.op,
    flowOp({
      source: producer.tile,
      sourceBundle: from.bundle,
      sourceChannel: from.channel,
      dest: consumer.tile,
      destBundle: to.bundle,
      destChannel: to.channel,
      loc: producer.fifo.op.loc,
    }),
  );
}
