import { type Block, type Operation, type Region, type Value, walk } from "../ir/operation.ts";
import type { Check } from "./check.ts";

/** Every operand is defined on every way to its use. */
export function checkDominance(root: Operation, checkOf: (op: Operation) => Check): void {
  const order = new Map<Operation, number>();
  const owners = new Map<Value, Block>();
  const trees = new Map<Region, Map<Block, Set<Block>>>();
  walk(root, (op) => {
    order.set(op, order.size);
    for (const block of op.regions.flatMap((region) => region.blocks)) {
      for (const arg of block.args) owners.set(arg, block);
    }
  });
  walk(root, (op) => {
    for (const [i, value] of [...op.operands, ...op.successors.flatMap(({ args }) => args)].entries()) {
      if (isVisible(value, op, { order, owners, trees })) continue;
      checkOf(op).error(`operand #${i} does not dominate this use`, {
        hint: `the value %${value.name ?? "?"} is defined after it, or not on every way to it`,
      });
    }
  });
}

interface Facts {
  readonly order: ReadonlyMap<Operation, number>;
  readonly owners: ReadonlyMap<Value, Block>;
  readonly trees: Map<Region, Map<Block, Set<Block>>>;
}

function isVisible(value: Value, user: Operation, facts: Facts): boolean {
  const home = value.definingOp?.parent ?? facts.owners.get(value);
  const region = home?.parent;
  if (!home || !region) return false;
  const ancestor = ancestorIn(user, region);
  if (!ancestor?.parent) return false;
  if (ancestor.parent === home) {
    const { definingOp } = value;
    return !definingOp || (facts.order.get(definingOp) ?? 0) < (facts.order.get(ancestor) ?? 0);
  }
  return dominators(region, facts).get(ancestor.parent)?.has(home) ?? false;
}

/** The operation around `op` (or itself) that stands directly in the region. */
function ancestorIn(op: Operation, region: Region): Operation | undefined {
  let at: Operation | undefined = op;
  while (at && at.parent?.parent !== region) at = at.parentOp;
  return at;
}

/** For each block, the blocks that every way from the entry to it goes through. Unreachable blocks: all of them. */
function dominators(region: Region, { trees }: Facts): Map<Block, Set<Block>> {
  const known = trees.get(region);
  if (known) return known;
  const all = region.blocks;
  const sets = new Map(all.map((block, i) => [block, new Set(i === 0 ? [block] : all)]));
  const predecessors = new Map<Block, Block[]>();
  for (const block of all) {
    for (const { block: next } of block.ops.at(-1)?.successors ?? []) {
      predecessors.set(next, [...(predecessors.get(next) ?? []), block]);
    }
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of all.slice(1)) {
      const before = predecessors.get(block) ?? [];
      const meet = before.length === 0 ? new Set(all) : intersection(before.map((from) => sets.get(from) ?? new Set()));
      meet.add(block);
      if (meet.size !== sets.get(block)?.size) {
        sets.set(block, meet);
        changed = true;
      }
    }
  }
  trees.set(region, sets);
  return sets;
}

function intersection(sets: readonly ReadonlySet<Block>[]): Set<Block> {
  const [first, ...others] = sets;
  return new Set([...(first ?? [])].filter((block) => others.every((set) => set.has(block))));
}
