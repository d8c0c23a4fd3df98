import { BudgetError, DesignError } from "@aiekit/core";
import { bufferOp, lockOp, tileOp } from "../builder/aie-ops.ts";
import { lockMaxValue } from "../device-model/tile-model.ts";
import type { Attribute } from "../ir/attributes.ts";
import type { Operation, Value } from "../ir/operation.ts";
import { type MemRefType, memrefBytes } from "../ir/types.ts";
import {
  bufferBytes,
  coordOf,
  type Device,
  opsNamed,
  placeText,
  sameTile,
  tileModelOf,
  tileOperand,
} from "./device-ops.ts";
import { endDepth, externalBuffers, type Fifo, sharedTile } from "./fifo.ts";
import { type Link, linkOf } from "./fifo-links.ts";
import { withLocation } from "./location.ts";
import { LockIds } from "./lock-ids.ts";

/** One end of a fifo that goes through DMAs, or the whole of one that lives in shared memory. */
export interface FifoEnd {
  readonly fifo: Fifo;
  readonly role: "shared" | "producer" | "consumer";
  /** `f`, `f_cons`, or `f_0_cons` where there are several consumers. */
  readonly name: string;
  readonly tile: Value;
  readonly depth: number;
  /** 0 is the producer, 1 the first consumer. */
  readonly position: number;
}

/** Buffers of an end and the locks that guard them: one pair, or one for each part of a distributed or joined object. */
export interface FifoObjects {
  readonly buffers: readonly Value[];
  readonly locks: readonly LockPair[];
}

/** Counts of free objects (`empty`) and of objects with data (`full`). */
export interface LockPair {
  readonly empty: Value;
  readonly full: Value;
}

export interface FifoPlan {
  readonly links: readonly Link[];
  readonly ends: readonly FifoEnd[];
  /** Objects of an end; ends of a link share those of the fifo that holds them. */
  readonly objectsOf: (end: FifoEnd) => FifoObjects | undefined;
}

/**
 * Makes the buffers and locks of every objectFifo. They go behind the last tile, later fifos first, which is the order
 * in which the allocator then sees them. Source: AIEObjectFifoStatefulTransform createObjectFifoElements; measured.
 */
export function placeObjects(device: Device, fifos: readonly Fifo[], links: readonly Link[]): FifoPlan {
  const ends = fifos.flatMap((fifo) =>
    withLocation(fifo.op, () => endsOf(device, fifo, linkOf(links, fifo)?.kind ?? "none")),
  );
  const lockIds = new LockIds(device);
  const made = new Map<FifoEnd, FifoObjects>();
  for (const end of ends) {
    const link = linkOf(links, end.fifo);
    if (link && isLinkEnd(link, end) && !holds(link, end)) continue;
    const ownLink = link && isLinkEnd(link, end) ? link : undefined;
    const ops = withLocation(end.fifo.op, () => makeObjects(device, end, ownLink, lockIds));
    if (ops === undefined) continue;
    made.set(end, ops.objects);
    insertAfterLastTile(device, ops.created);
  }
  const objectsOf = (end: FifoEnd): FifoObjects | undefined => {
    const link = linkOf(links, end.fifo);
    if (!link || !isLinkEnd(link, end)) return made.get(end);
    const holder = ends.find((e) => isLinkEnd(link, e) && holds(link, e));
    return holder && made.get(holder);
  };
  return { links, ends, objectsOf };
}

/** True for the ends of a link's fifos that stand on the tile they share. */
export function isLinkEnd(link: Link, end: FifoEnd): boolean {
  if (end.role === "shared") return linkOf([link], end.fifo) !== undefined;
  if (link.inputs.includes(end.fifo)) return end.role === "consumer" && sameTile(end.tile, link.tile);
  return link.outputs.includes(end.fifo) && end.role === "producer";
}

function holds(link: Link, end: FifoEnd): boolean {
  return link.holder === end.fifo;
}

/** More than this many tiles' memory is refused before the objects are made: a depth may be any number. */
const tilesOfMemoryMax = 8;

function refuseTooDeep(device: Device, { fifo, tile, depth }: FifoEnd): void {
  const { dataBytes } = tileModelOf(device, tile);
  const bytes = depth * memrefBytes(fifo.element);
  // An object is counted by one of the two locks of its end.
  if (fifo.hasLocks && depth > 2 * lockMaxValue) {
    throw new BudgetError(
      `objectFifo @${fifo.name}: ${depth} objects: expected at most ${lockMaxValue}, what a lock counts`,
      { hint: "lower the depth" },
    );
  }
  if (bytes <= tilesOfMemoryMax * dataBytes) return;
  const place = placeText(coordOf(tile));
  throw new BudgetError(
    `objectFifo @${fifo.name}: allocated buffers exceeded available memory: ${depth} objects need ${bytes} B, tile ${place} has ${dataBytes} B`,
    { hint: "lower the depth or make the objects smaller" },
  );
}

/** Consumers come last to first: the order in which the real lowering meets them. */
function endsOf(device: Device, fifo: Fifo, link: Link["kind"] | "none"): FifoEnd[] {
  const home = sharedTile(device, fifo, link);
  if (home !== undefined) {
    return [{ fifo, role: "shared", name: fifo.name, tile: home, depth: fifo.depths[0] ?? 0, position: 0 }];
  }
  const producerDepth = endDepth(device, fifo, { tile: fifo.producer, position: 0 });
  const producer: FifoEnd = {
    fifo,
    role: "producer",
    name: fifo.name,
    tile: fifo.producer,
    depth: producerDepth,
    position: 0,
  };
  const consumers = fifo.consumers.map(
    (tile, i): FifoEnd => ({
      fifo,
      role: "consumer",
      name: fifo.consumers.length > 1 ? `${fifo.name}_${i}_cons` : `${fifo.name}_cons`,
      tile,
      depth: endDepth(device, fifo, { tile, position: i + 1 }),
      position: i + 1,
    }),
  );
  return [producer, ...consumers.reverse()];
}

function makeObjects(
  device: Device,
  end: FifoEnd,
  link: Link | undefined,
  lockIds: LockIds,
): { objects: FifoObjects; created: Operation[] } | undefined {
  const { fifo } = end;
  const isStream = end.role === "consumer" ? fifo.streamPort?.consumer : fifo.streamPort?.producer;
  const declaredZero = fifo.depths.every((d) => d === 0);
  if (isStream || declaredZero) return undefined;
  const isShim = tileModelOf(device, end.tile).kind === "shim";
  const initValues = end.role === "consumer" ? [] : fifo.initValues;
  if (!isShim) refuseTooDeep(device, end);
  const buffers: Operation[] = [];
  for (let i = 0; i < end.depth && !isShim; i++) {
    buffers.push(makeBuffer(device, end, { index: i, initialValue: initValues[i], before: buffers }));
  }
  const locks: Operation[] = [];
  const pairs: LockPair[] = [];
  const repeat = link?.repeat ?? (end.role === "consumer" ? 1 : (fifo.repeatCount ?? 1));
  const objects = isShim && end.role === "shared" ? 0 : end.depth;
  for (let part = 0; fifo.hasLocks && part < (link?.parts.length ?? 1); part++) {
    const make = (suffix: string, init: number): Value => {
      const name = `${end.name}_${suffix}_${part}`;
      if (init > lockMaxValue) {
        throw new BudgetError(
          `objectFifo @${fifo.name}: lock @${name} starts at ${init}: expected at most ${lockMaxValue}`,
          { hint: `lower the depth (${objects}) or the repeat_count (${repeat})` },
        );
      }
      const id = lockIds.take(end.tile, name);
      const lock = lockOp({ tile: end.tile, name, id, init, loc: fifo.op.loc });
      locks.push(lock);
      return lock.result;
    };
    const filled = Math.min(initValues.length, objects);
    pairs.push({
      empty: make("prod_lock", (objects - filled) * repeat),
      full: make("cons_lock", filled * repeat),
    });
  }
  const values = isShim ? externalBuffers(fifo, end.tile) : buffers.map((b) => b.result);
  return { objects: { buffers: values, locks: pairs }, created: [...buffers, ...locks] };
}

function makeBuffer(
  device: Device,
  end: FifoEnd,
  options: {
    readonly index: number;
    readonly initialValue: Attribute | undefined;
    readonly before: readonly Operation[];
  },
): Operation {
  const type: MemRefType = end.fifo.element;
  const tile = tileWithRoom(device, end.tile, memrefBytes(type), options.before);
  return bufferOp({
    tile,
    name: `${end.name}_buff_${options.index}`,
    type,
    initialValue: initialValueOf(type, options.initialValue),
    loc: end.fifo.op.loc,
  });
}

/** The values of an object as its buffer holds them. */
function initialValueOf(type: MemRefType, attr: Attribute | undefined): Attribute | undefined {
  if (attr?.kind !== "dense") return attr;
  return { ...attr, type: { kind: "tensor", shape: type.shape, element: type.element } };
}

/** A memtile that is full hands on to the memtile on its west, then on its east, which its DMA reaches as well. */
function tileWithRoom(device: Device, tile: Value, bytes: number, pending: readonly Operation[]): Value {
  const model = tileModelOf(device, tile);
  if (model.kind !== "memtile") return tile;
  const used = (candidate: { readonly col: number; readonly row: number }) =>
    [...opsNamed(device, "aie.buffer"), ...pending]
      .filter((b) => {
        const at = coordOf(tileOperand(b));
        return at.col === candidate.col && at.row === candidate.row;
      })
      .reduce((sum, b) => sum + bufferBytes(b), 0);
  const { col, row } = coordOf(tile);
  const fits = (c: number) => c >= 0 && c < device.model.columns && used({ col: c, row }) + bytes <= model.dataBytes;
  const room = [col, col - 1, col + 1].find(fits);
  if (room === undefined || room === col) return tile;
  const known = opsNamed(device, "aie.tile").find((t) => t.int("col") === room && t.int("row") === row);
  if (known) return known.result;
  const neighbour = tileOp({ col: room, row });
  insertAfterLastTile(device, [neighbour]);
  return neighbour.result;
}

function insertAfterLastTile(device: Device, ops: readonly Operation[]): void {
  const { block } = device;
  const last = block.ops.findLastIndex((op) => op.name === "aie.tile");
  if (last < 0) throw new DesignError("the device has objectFifos and no tile");
  const next = block.ops[last + 1];
  for (const op of ops) {
    if (next) block.insertBefore(next, op);
    else block.append(op);
  }
}

/** The end at which a core uses a fifo; undefined when the core's tile is not an end of it. */
export function endOfCore(
  plan: FifoPlan,
  access: { readonly fifo: string; readonly port: "Produce" | "Consume"; readonly tile: Value },
): FifoEnd | undefined {
  return plan.ends.find((end) => {
    if (end.fifo.name !== access.fifo) return false;
    if (end.role === "shared") return true;
    if (access.port === "Produce") return end.role === "producer" && sameTile(end.tile, access.tile);
    return end.role === "consumer" && sameTile(end.tile, access.tile);
  });
}
