import { DesignError } from "@aiekit/core";
import { type FifoPort, useLockOp } from "../builder/aie-ops.ts";
import type { Diagnostic } from "../ir/diagnostic.ts";
import type { Block, Operation, Region, Value } from "../ir/operation.ts";
import { substitute } from "./clone.ts";
import { RuntimeCounters } from "./core-dynamic.ts";
import { unrollFifoLoops } from "./core-loops.ts";
import { coordOf, type Device, opsNamed, placeText, sameTile, tileOperand } from "./device-ops.ts";
import { linkOf } from "./fifo-links.ts";
import { endOfCore, type FifoEnd, type FifoPlan, isLinkEnd } from "./fifo-objects.ts";
import { withLocation } from "./location.ts";

/** What a core holds of one end of a fifo while its body is read in program order. */
interface Holding {
  /** Objects held, oldest first, as positions in the end's buffers. */
  held: number[];
  /** Object that the next acquire brings. */
  next: number;
  /** Releases that no acquire has counted yet, oldest first. */
  released: Release[];
}

interface Release {
  readonly count: number;
  /** The block that it stands in and those around it, with the operation of each that it is in. */
  readonly place: ReadonlyMap<Block, Operation>;
}

const countOf = (releases: readonly Release[]): number => releases.reduce((sum, { count }) => sum + count, 0);

/**
 * Turns acquires and releases of every core into lock operations, and objects into buffers. The body is read once in
 * program order after unrolling; branches and `scf.while` do not rotate.
 * Source: AIEObjectFifoStatefulTransform, replacement of acquire, release and subview.access; measured.
 */
export function lowerCoreAccesses(device: Device, plan: FifoPlan): Diagnostic[] {
  const warnings: Diagnostic[] = [];
  for (const core of opsNamed(device, "aie.core")) {
    const end = (op: Operation): FifoEnd => accessedEnd(plan, core, op);
    const counters = core.flag("dynamic_objfifo_lowering") ? new RuntimeCounters(device, core, accessKey) : undefined;
    if (counters === undefined) unrollFifoLoops(core, (acquire) => end(acquire).depth);
    const replaced = new Map<Value, Value>();
    const state: CoreState = { plan, end, counters, replaced, holdings: new Map(), subviews: new Map(), warnings };
    for (const region of core.regions) lowerRegion(region, state);
    substitute(core, replaced);
  }
  return warnings;
}

interface CoreState {
  readonly plan: FifoPlan;
  readonly end: (access: Operation) => FifoEnd;
  /** Present where objects are chosen at run time. */
  readonly counters: RuntimeCounters | undefined;
  readonly replaced: Map<Value, Value>;
  readonly holdings: Map<string, Holding>;
  readonly subviews: Map<Value, readonly Value[]>;
  readonly warnings: Diagnostic[];
}

function lowerRegion(region: Region, state: CoreState): void {
  for (const block of region.blocks) {
    for (const op of [...block.ops]) {
      const lower = accessLowerings[op.name];
      if (lower) withLocation(op, () => lower(op, block, state));
      if (op.regions.length === 0) continue;
      const before = phases(state);
      for (const inner of op.regions) lowerRegion(inner, state);
      if (state.counters === undefined) warnOfPhases(op, before, state);
    }
  }
}

const accessLowerings: Readonly<Record<string, (op: Operation, block: Block, state: CoreState) => void>> = {
  "aie.objectfifo.acquire": lowerAcquire,
  "aie.objectfifo.release": lowerRelease,
  "aie.objectfifo.subview.access": lowerSubviewAccess,
};

/** What is held and what comes next, for each end that the core has used. */
function phases(state: CoreState): ReadonlyMap<string, string> {
  return new Map(
    [...state.holdings].map(([key, { held, next, released }]) => [
      key,
      `${next} ${held.slice(countOf(released)).join(" ")}`,
    ]),
  );
}

/**
 * Buffers are named by the program's text, so a loop that ends with other objects than it started with takes wrong ones
 * in its second round, and a branch that acquires is right only for one way through the program.
 */
function warnOfPhases(op: Operation, before: ReadonlyMap<string, string>, state: CoreState): void {
  for (const [key, phase] of phases(state)) {
    if (phase === (before.get(key) ?? "0 ")) continue;
    const [fifo] = key.split(" ");
    const what = op.name === "scf.for" || op.name === "scf.while" ? "each round starts" : "the code behind it starts";
    state.warnings.push({
      severity: "warning",
      op: op.name,
      loc: op.loc,
      message: `objects of @${fifo} do not come round inside: ${what} with another object than the static lowering assumes`,
      hint: "release all that is acquired and make trip counts multiples of the depth, or set dynamic_objfifo_lowering = true on the core",
    });
  }
}

function lowerAcquire(op: Operation, block: Block, state: CoreState): void {
  const end = state.end(op);
  const holding = holdingOf(op, state);
  const released = countOf(takeEarlier(holding, op));
  if (released > holding.held.length && holding.held.length > 0) {
    throw new DesignError(`objectFifo @${end.fifo.name}: cannot release more elements than are already acquired`, {
      hint: `before this acquire the core releases ${released} and holds ${holding.held.length}: release as many as it acquired`,
    });
  }
  holding.held.splice(0, released);
  const count = Math.max(0, (op.int("size") ?? 0) - holding.held.length);
  for (let i = 0; i < count; i++) {
    holding.held.push(holding.next);
    holding.next = end.depth > 0 ? (holding.next + 1) % end.depth : 0;
  }
  if (count > 0) insertUseLock(op, block, state, count);
  const buffers = state.plan.objectsOf(end)?.buffers ?? [];
  const choose = (position: number, ahead: number): Value | undefined =>
    state.counters ? state.counters.objectAt(op, block, { key: accessKey(op), ahead, buffers }) : buffers[position];
  const objects = holding.held.flatMap((position, ahead) => choose(position, ahead) ?? []);
  state.subviews.set(op.result, objects);
  block.remove(op);
}

/**
 * The releases that stand before an acquire, each counted once. One in a sibling region, such as the other branch of an
 * `scf.if` or another block, stands beside it: the compiler counts its objects as held, so the acquire waits for too few,
 * and `warnOfPhases` says so. Source: AIEObjectFifoStatefulTransform, replacement of acquire.
 */
function takeEarlier(holding: Holding, acquire: Operation): readonly Release[] {
  const place = placeOf(acquire);
  const isEarlier = (release: Release): boolean =>
    [...place].some(([block, op]) => release.place.has(block) && release.place.get(block) !== op);
  const earlier = holding.released.filter(isEarlier);
  holding.released = holding.released.filter((release) => !earlier.includes(release));
  return earlier;
}

function placeOf(op: Operation): ReadonlyMap<Block, Operation> {
  const place = new Map<Block, Operation>();
  for (let at: Operation | undefined = op; at?.parent; at = at.parentOp) place.set(at.parent, at);
  return place;
}

function lowerRelease(op: Operation, block: Block, state: CoreState): void {
  const count = op.int("size") ?? 0;
  holdingOf(op, state).released.push({ count, place: placeOf(op) });
  insertUseLock(op, block, state, count);
  state.counters?.advance(op, block, { key: accessKey(op), count, end: state.end(op) });
  block.remove(op);
}

function lowerSubviewAccess(op: Operation, block: Block, state: CoreState): void {
  const [subview] = op.operands;
  const position = op.int("index") ?? 0;
  const object = subview && state.subviews.get(subview)?.[position];
  if (object === undefined) {
    throw noSuchObject(subview?.definingOp, position, state);
  }
  state.replaced.set(op.result, object);
  block.remove(op);
}

function noSuchObject(acquire: Operation | undefined, position: number, state: CoreState): DesignError {
  if (acquire === undefined) return new DesignError(`object ${position} of no acquire`);
  const { fifo, depth } = state.end(acquire);
  const brought = acquire.int("size") ?? 0;
  return depth === 0
    ? new DesignError(`objectFifo @${fifo.name} has depth 0 at this core: there is no object ${position}`, {
        hint: "give it a depth of 1 or more; with 2 the DMA fills one object while the core works on the other",
      })
    : new DesignError(`objectFifo @${fifo.name}: the acquire brings ${brought}, there is no object ${position}`, {
        hint: `acquire ${position + 1}, or use objects 0..${brought - 1}`,
      });
}

function insertUseLock(op: Operation, block: Block, state: CoreState, count: number): void {
  const end = state.end(op);
  const pair = state.plan.objectsOf(end)?.locks[0];
  if (pair === undefined) return;
  const isProducer = op.text("port") === "Produce";
  const acquires = op.name === "aie.objectfifo.acquire";
  const lock = isProducer === acquires ? pair.empty : pair.full;
  const repeat = isProducer ? (end.fifo.repeatCount ?? 1) : 1;
  block.insertBefore(op, useLockOp(lock, acquires ? "AcquireGreaterEqual" : "Release", count * repeat, op.loc));
}

function holdingOf(op: Operation, state: CoreState): Holding {
  const key = accessKey(op);
  const known = state.holdings.get(key) ?? { held: [], next: 0, released: [] };
  state.holdings.set(key, known);
  return known;
}

function accessKey(op: Operation): string {
  return `${op.text("objFifo_name")} ${op.text("port")}`;
}

function accessedEnd(plan: FifoPlan, core: Operation, op: Operation): FifoEnd {
  const fifo = op.text("objFifo_name") ?? "";
  const port: FifoPort = op.text("port") === "Produce" ? "Produce" : "Consume";
  const tile = tileOperand(core);
  const end = endOfCore(plan, { fifo, port, tile });
  const where = `core ${placeText(coordOf(tile))}`;
  if (end === undefined) {
    const role = port === "Produce" ? "producer" : "consumer";
    throw new DesignError(`${where}: ${op.name} of @${fifo}: the core does not run on a ${role} tile`);
  }
  const link = linkOf(plan.links, end.fifo);
  if (link && isLinkEnd(link, end) && sameTile(tile, link.tile)) {
    throw new DesignError(
      `${where}: ${op.name} of @${fifo}: currently cannot access objectFifo used in ObjectFifoLinkOp`,
    );
  }
  const stream = end.fifo.streamPort;
  if (stream && (port === "Produce" ? stream.producer : stream.consumer)) {
    throw new DesignError(
      `${where}: ${op.name} of @${fifo}: cannot ${op.name === "aie.objectfifo.release" ? "release" : "acquire"} from objectfifo stream port`,
    );
  }
  return end;
}
