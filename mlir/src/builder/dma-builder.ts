import { DesignError } from "@aiekit/core";
import { bdOverflows, bdShape, overflowText } from "../device-model/bd-limits.ts";
import { bdIdsOfChannel, type DmaDirection, lockMaxValue, tileModels } from "../device-model/tile-model.ts";
import type { BdDim, BdPad } from "../ir/attributes.ts";
import { Block, Region } from "../ir/operation.ts";
import { memrefBytes, memrefElements } from "../ir/types.ts";
import { dmaBdOp, dmaStartOp, endOp, type LockAction, nextBdOp, useLockOp } from "./aie-ops.ts";
import type { BufferHandle, LockHandle, TileHandle } from "./handles.ts";

/** What a BD waits for before it moves data, or gives when it has. */
export interface LockUse {
  readonly lock: LockHandle;
  /** Units taken or given; 1 when absent. */
  readonly value?: number;
  /** Of an acquire: `AcquireGreaterEqual` when absent. */
  readonly action?: Exclude<LockAction, "Release">;
}

/** One buffer descriptor. Offsets, lengths, sizes and strides count elements of the buffer. */
export interface BdOptions {
  readonly buffer: BufferHandle;
  readonly offset?: number;
  /** The whole buffer from `offset` when absent. */
  readonly length?: number;
  /** Access pattern, outermost dimension first. */
  readonly dims?: readonly BdDim[];
  /** Zeros around each dimension; memtiles that send only. `length` counts them. */
  readonly padding?: readonly BdPad[];
  readonly acquire?: LockUse;
  readonly release?: LockUse;
  /** Header of the packet that the data travel in. */
  readonly packet?: { readonly type: number; readonly id: number };
  /** BD number; the lowest that is free when absent. */
  readonly id?: number;
}

export interface ChainOptions {
  readonly direction: DmaDirection;
  readonly channel: number;
  /** `forever`: the last BD leads to the first. A number: the chain runs so often and stops. */
  readonly rounds: "forever" | number;
}

/** Writes the DMA program of one tile: for each channel a chain of BDs. */
export class DmaBuilder {
  readonly region = new Region();
  readonly #tile: TileHandle;
  readonly #taken = new Set<string>();
  readonly #stop = new Block();
  #start: Block;

  constructor(tile: TileHandle) {
    this.#tile = tile;
    this.#start = this.region.addBlock();
    this.#stop.append(endOp());
  }

  /** What one channel does. Every channel has one chain at most. */
  chain(options: ChainOptions, bds: readonly BdOptions[]): void {
    const { direction, channel, rounds } = options;
    const where = `DMA (${this.#tile.col},${this.#tile.row}) ${direction} ${channel}`;
    const { dma } = tileModels[this.#tile.kind];
    if (!Number.isInteger(channel) || channel < 0 || channel >= dma.channels) {
      throw new DesignError(`${where}: expected a channel 0..${dma.channels - 1}`);
    }
    if (this.#taken.has(`${direction} ${channel}`)) throw new DesignError(`${where}: the channel has a chain already`);
    this.#taken.add(`${direction} ${channel}`);
    if (bds.length === 0) throw new DesignError(`${where}: expected at least one BD`);
    if (rounds !== "forever" && !(Number.isInteger(rounds) && rounds >= 1 && rounds <= dma.executionsMax)) {
      throw new DesignError(`${where}: expected 1..${dma.executionsMax} rounds or "forever", got ${rounds}`);
    }
    const { count } = bdIdsOfChannel(dma, channel);
    if (bds.length > count) throw new DesignError(`${where}: ${bds.length} BDs, the channel has ${count}`);
    for (const [i, bd] of bds.entries()) checkBd(this.#tile, bd, { where: `${where}, BD ${i}`, direction, channel });
    this.#append(options, bds);
  }

  /** The finished program: the last block ends it. */
  finish(): Region {
    if (this.#taken.size === 0) {
      throw new DesignError(`DMA (${this.#tile.col},${this.#tile.row}): expected at least one chain`);
    }
    this.region.addBlock(this.#stop);
    return this.region;
  }

  #append({ direction, channel, rounds }: ChainOptions, bds: readonly BdOptions[]): void {
    const [previous] = this.#start.ops;
    if (previous) {
      this.#start = this.region.addBlock();
      previous.successors[1] = { block: this.#start, args: [] };
    }
    const blocks = bds.map(() => this.region.addBlock());
    const [first] = blocks;
    if (first === undefined) return;
    const repeat = rounds === "forever" ? undefined : rounds - 1;
    this.#start.append(dmaStartOp({ direction, channel, first, next: this.#stop, repeat }));
    for (const [i, block] of blocks.entries()) {
      const bd = bds[i];
      if (bd === undefined) continue;
      const { acquire, release } = bd;
      if (acquire) {
        block.append(useLockOp(acquire.lock.value, acquire.action ?? "AcquireGreaterEqual", acquire.value ?? 1));
      }
      block.append(
        dmaBdOp({
          buffer: bd.buffer.value,
          offset: bd.offset ?? 0,
          length: lengthOf(bd),
          dims: bd.dims,
          padDimensions: bd.padding && { kind: "bd-pads", pads: bd.padding },
          packet: bd.packet && { kind: "packet-info", packetType: bd.packet.type, packetId: bd.packet.id },
          id: bd.id,
        }),
      );
      if (release) block.append(useLockOp(release.lock.value, "Release", release.value ?? 1));
      block.append(nextBdOp(blocks[i + 1] ?? (rounds === "forever" ? first : this.#stop)));
    }
  }
}

function checkBd(
  tile: TileHandle,
  bd: BdOptions,
  at: { readonly where: string; readonly direction: DmaDirection; readonly channel: number },
): void {
  const { where, direction, channel } = at;
  const refuse = (message: string): never => {
    throw new DesignError(`${where}: ${message}`);
  };
  const { dma } = tileModels[tile.kind];
  const { buffer, offset = 0, dims = [], padding } = bd;
  const isOwn = buffer.tile === tile;
  const isBeside =
    tile.kind === "memtile" && buffer.tile.kind === "memtile" && Math.abs(tile.col - buffer.tile.col) === 1;
  if (!isOwn && !isBeside) {
    refuse(`@${buffer.name} lies on (${buffer.tile.col},${buffer.tile.row}), out of the DMA's reach`);
  }
  if (!isOwn && channel >= dma.channelsReachingNeighbours) {
    refuse(`channel ${channel} reaches its own memtile only, @${buffer.name} lies on a neighbour`);
  }
  const elements = memrefElements(buffer.type) ?? 0;
  const elementBytes = memrefBytes(buffer.type) / elements;
  const length = lengthOf(bd);
  if ((length * elementBytes) % 4 !== 0) refuse(`${length} elements are not whole 32-bit words`);
  if ((offset * elementBytes) % 4 !== 0) refuse(`offset ${offset} is not a whole 32-bit word`);
  if (padding === undefined && (offset < 0 || length < 1 || offset + length > elements)) {
    refuse(`moves elements ${offset}..${offset + length - 1} of @${buffer.name}, which has ${elements}`);
  }
  if (dims.length > dma.dims) refuse(`${dims.length} dimensions, the tile has ${dma.dims}`);
  const last = dims.reduce((sum, { size, stride }) => sum + (size - 1) * stride, offset);
  if (last >= elements) refuse(`the pattern reaches element ${last} of @${buffer.name}, which has ${elements}`);
  if (padding && (dma.paddingMax.length === 0 || direction !== "MM2S"))
    refuse("only memtiles pad, and only what they send");
  if (padding && padding.length !== dims.length) {
    refuse(`padding has ${padding.length} dimensions, the pattern ${dims.length}`);
  }
  const [overflow] = bdOverflows(tile.kind, bdShape({ elementBytes, length, dims, pads: padding ?? [] }));
  if (overflow) refuse(`${overflowText(tile.kind, overflow)}: ${overflow.cure}`);
  for (const use of [bd.acquire, bd.release]) {
    const value = use?.value ?? 1;
    if (value < 1 || value > lockMaxValue) refuse(`lock value ${value} is not in 1..${lockMaxValue}`);
    if (use && tile.kind !== "memtile" && use.lock.tile !== tile) refuse(`lock @${use.lock.name} is on another tile`);
  }
  const { first, count } = bdIdsOfChannel(dma, channel);
  if (bd.id !== undefined && !(bd.id >= first && bd.id < first + count)) {
    refuse(`BD ${bd.id} is not the channel's: expected ${first}..${first + count - 1}`);
  }
}

function lengthOf({ buffer, offset = 0, length }: BdOptions): number {
  return length ?? (memrefElements(buffer.type) ?? 0) - offset;
}
