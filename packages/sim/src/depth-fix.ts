import { BudgetError, DesignError } from "@aiekit/core";
import { cloneOperation, i32, integerAttr, lowerDesign, memrefBytes, type Operation, walk } from "@aiekit/mlir";
import { SimFault } from "./fault.ts";
import { loadArrayConfig } from "./load-array-config.ts";

/** Depths of a fifo's ends, producer first, as they are and as they should be. */
export interface DepthChange {
  readonly objectFifo: string;
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** All ends have the same objects, in memory that they share. */
  readonly isShared?: boolean;
}

export interface DepthFix {
  readonly changes: readonly DepthChange[];
  /** The design with the changes, not lowered. It has been run to its end. */
  readonly design: Operation;
  /** Designs that were run before and did not end. */
  readonly tried: number;
}

export interface DepthSearch {
  /** Objects that are added at most, over all fifos. Default 8. */
  readonly objectsMax?: number;
  /** Designs that are run at most. Default 200. */
  readonly runsMax?: number;
  /** objectFifos to begin with, such as those of the circle. Only the order of runs depends on it. */
  readonly first?: readonly string[];
}

/** Fifos that are made deeper together at most. */
const fifosMax = 3;

/**
 * The smallest change of objectFifo depths with which a design that stands still runs to its end: fewest objects added at each
 * end, then fewest fifos, then fewest bytes; of these only the ends that need them, producers spared first. Every candidate
 * that is smaller has been run and stood still, or does not fit its tiles.
 * `run` runs a design that is not lowered, and throws the SimFault that stops it. Undefined where no candidate helped.
 * @throws what `run` throws, but deadlocks and designs that do not fit.
 */
export async function smallestDepthFix(
  design: Operation,
  run: (design: Operation) => Promise<unknown>,
  search: DepthSearch = {},
): Promise<DepthFix | undefined> {
  const { objectsMax = 8, runsMax = 200, first = [] } = search;
  const fifos = readDepths(design).sort((a, b) => Number(first.includes(b.name)) - Number(first.includes(a.name)));
  let tried = 0;
  for (let objects = 1; objects <= objectsMax; objects++) {
    for (const added of spreads(fifos, objects)) {
      if (tried >= runsMax) return undefined;
      const changes = changesOf(fifos, added);
      if (await ends(withDepths(design, changes), run)) {
        const spared = await spareEnds(design, changes, run);
        return { changes: spared, design: withDepths(design, spared), tried };
      }
      tried++;
    }
  }
  return undefined;
}

/**
 * A copy of the design in which fifos have so many objects more at each of their ends. Depths are written as lists: a single
 * number is a wish, which the compiler lowers to one more than a core acquires.
 */
export function withDepths(design: Operation, changes: readonly DepthChange[]): Operation {
  const copy = cloneOperation(design);
  walk(copy, (op) => {
    const name = op.name === "aie.objectfifo" ? op.text("sym_name") : undefined;
    const change = changes.find(({ objectFifo }) => objectFifo === name);
    if (change === undefined) return;
    const elements = change.to.map((depth) => integerAttr(depth, i32));
    op.attributes.set("elemNumber", { kind: "array", elements });
  });
  return copy;
}

/** The changes without what the ends can do without: an end of a memtile's link has no objects, a broadcast one that lags. */
async function spareEnds(
  design: Operation,
  changes: readonly DepthChange[],
  run: (design: Operation) => Promise<unknown>,
): Promise<readonly DepthChange[]> {
  let spared = changes;
  for (const [i, { from, to, isShared }] of changes.entries()) {
    if (isShared) continue;
    for (const [end, before] of from.entries()) {
      for (let depth = before; depth < to[end]!; depth++) {
        const fewer = spared.map((change, j) => {
          return j === i ? { ...change, to: change.to.with(end, depth) } : change;
        });
        if (!(await ends(withDepths(design, fewer), run))) continue;
        spared = fewer;
        break;
      }
    }
  }
  return spared;
}

async function ends(design: Operation, run: (design: Operation) => Promise<unknown>): Promise<boolean> {
  try {
    await run(design);
    return true;
  } catch (error) {
    const stands = error instanceof SimFault && error.fault.kind === "deadlock";
    if (stands || error instanceof BudgetError || error instanceof DesignError) return false;
    throw error;
  }
}

interface FifoDepth {
  readonly name: string;
  /** Of each end, as lowered. */
  readonly depths: readonly number[];
  readonly shared: boolean;
  /** Bytes of one object. */
  readonly bytes: number;
}

/** Depths that fifos have after lowering: what was declared, where an end has no objects of its own. */
function readDepths(design: Operation): FifoDepth[] {
  const { buffers } = loadArrayConfig(lowerDesign(design).module);
  const objects = (end: string): number => buffers.filter(({ name }) => name.startsWith(`${end}_buff_`)).length;
  const found: FifoDepth[] = [];
  walk(design, (op) => {
    const name = op.name === "aie.objectfifo" ? op.text("sym_name") : undefined;
    if (name === undefined) return;
    const attr = op.attributes.get("elemNumber");
    const consumed = (i: number): number => objects(op.operands.length > 2 ? `${name}_${i}_cons` : `${name}_cons`);
    const declared = attr?.kind === "array" ? attr.elements : [attr];
    const depths = op.operands.map((_, i) => {
      const own = i === 0 ? objects(name) : consumed(i - 1);
      const [first] = declared;
      const given = declared[i] ?? first;
      return own || (given?.kind === "integer" ? Number(given.value) : 0);
    });
    // In shared memory both ends have the same objects.
    const shared = objects(name) > 0 && depths.slice(1).every((_, i) => consumed(i) === 0);
    found.push({ name, depths: shared ? depths.map(() => depths[0]!) : depths, shared, bytes: objectBytes(op) });
  });
  return found;
}

function objectBytes(fifo: Operation): number {
  const type = fifo.attributes.get("elemType");
  const inner = type?.kind === "type" && type.type.kind === "objectfifo" ? type.type.element : undefined;
  return inner?.kind === "memref" ? memrefBytes(inner) : 0;
}

/** All ways to add `objects` to at most three fifos: over fewer fifos first, then those with fewer bytes. */
function spreads(fifos: readonly FifoDepth[], objects: number): Map<string, number>[] {
  const found: { readonly added: Map<string, number>; readonly bytes: number }[] = [];
  const spread = (from: number, left: number, added: Map<string, number>, bytes: number): void => {
    if (left === 0) {
      found.push({ added, bytes });
      return;
    }
    if (added.size === fifosMax) return;
    for (let i = from; i < fifos.length; i++) {
      const fifo = fifos[i]!;
      for (let more = left; more >= 1; more--) {
        spread(i + 1, left - more, new Map([...added, [fifo.name, more]]), bytes + more * fifo.bytes);
      }
    }
  };
  spread(0, objects, new Map(), 0);
  return found.sort((a, b) => a.added.size - b.added.size || a.bytes - b.bytes).map(({ added }) => added);
}

function changesOf(fifos: readonly FifoDepth[], added: ReadonlyMap<string, number>): DepthChange[] {
  return [...added].map(([objectFifo, more]) => {
    const { depths: from, shared } = fifos.find(({ name }) => name === objectFifo)!;
    return { objectFifo, from, to: from.map((depth) => depth + more), ...(shared && { isShared: shared }) };
  });
}
