import { Block, Operation, Region, type Value } from "../ir/operation.ts";

/**
 * A deep copy of an operation. Uses of values in `replace` become uses of what they map to; values defined inside are
 * copied; all others stay shared. `replace` is extended by every value that was copied.
 */
export function cloneOperation(op: Operation, replace: Map<Value, Value> = new Map()): Operation {
  const copy = copyStructure(op, replace, new Map());
  substitute(copy, replace);
  return copy;
}

/** Exchanges operands, everywhere inside `root`, that `replace` has an entry for; chains are followed. */
export function substitute(root: Operation, replace: ReadonlyMap<Value, Value>): void {
  if (replace.size === 0) return;
  const final = (value: Value): Value => {
    let current = value;
    for (let next = replace.get(current); next !== undefined && next !== current; next = replace.get(current)) {
      current = next;
    }
    return current;
  };
  const visit = (op: Operation): void => {
    for (const [i, operand] of op.operands.entries()) op.operands[i] = final(operand);
    for (const [i, successor] of op.successors.entries()) {
      op.successors[i] = { block: successor.block, args: successor.args.map(final) };
    }
    for (const region of op.regions) for (const block of region.blocks) block.ops.forEach(visit);
  };
  visit(root);
}

function copyStructure(op: Operation, values: Map<Value, Value>, blocks: Map<Block, Block>): Operation {
  const regions = op.regions.map((region) => copyRegion(region, values, blocks));
  const copy = new Operation(op.name, {
    operands: op.operands,
    results: op.results.map((r) => r.type),
    resultNames: op.results.map((r) => r.name),
    attributes: Object.fromEntries(op.attributes),
    regions,
    successors: op.successors.map((s) => ({ block: blocks.get(s.block) ?? s.block, args: s.args })),
    loc: op.loc,
  });
  for (const [i, result] of op.results.entries()) {
    const mine = copy.results[i];
    if (mine) values.set(result, mine);
  }
  return copy;
}

function copyRegion(region: Region, values: Map<Value, Value>, blocks: Map<Block, Block>): Region {
  const copy = new Region();
  for (const block of region.blocks) {
    const mine = copy.addBlock(new Block());
    blocks.set(block, mine);
    for (const arg of block.args) values.set(arg, mine.addArg(arg.type, arg.name));
  }
  for (const [i, block] of region.blocks.entries()) {
    for (const op of block.ops) copy.blocks[i]?.append(copyStructure(op, values, blocks));
  }
  return copy;
}
