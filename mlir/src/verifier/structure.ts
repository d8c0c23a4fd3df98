import type { Block, Operation } from "../ir/operation.ts";
import type { OpDefinition } from "../ops/definition.ts";
import { definitions } from "../ops/table.ts";
import type { Check } from "./check.ts";

/** An operation stands where its definition lets it stand. */
export function checkPlace(op: Operation, definition: OpDefinition, check: Check): void {
  const parent = op.parentOp?.name;
  const { parents } = definition;
  if (parents && !(parent && parents.includes(parent))) {
    const names = parents.map((name) => `'${name}'`).join(", ");
    check.error(`expects parent op ${names}`, { hint: parent ? `it stands in '${parent}'` : "it stands alone" });
  }
}

/** Blocks end with a terminator, and only end with one; successors are blocks of the same region. */
export function checkBlocks(op: Operation, definition: OpDefinition | undefined, check: Check): void {
  for (const [i, region] of op.regions.entries()) {
    const rule = definition?.regions[i] ?? definition?.regions.find(({ name }) => name.endsWith("*"));
    const needsTerminator = definition !== undefined && rule?.needsTerminator !== false;
    for (const block of region.blocks) {
      checkMiddle(block, check);
      if (needsTerminator) checkEnd(block, check);
      for (const successor of block.ops.flatMap((inner) => inner.successors)) {
        if (successor.block.parent !== region) check.error("a successor is not a block of the same region");
        if (successor.block === region.blocks[0]) check.error("entry block of region may not have predecessors");
      }
    }
  }
}

function checkMiddle(block: Block, check: Check): void {
  for (const op of block.ops.slice(0, -1)) {
    if (isTerminator(op)) check.error("must be the last operation in the parent block", { at: op });
  }
}

function checkEnd(block: Block, check: Check): void {
  const last = block.ops.at(-1);
  if (!last) check.error("empty block: expect at least a terminator");
  else if (!isTerminator(last)) {
    const hint = "the block must end with a terminator such as aie.end";
    check.error(`block with no terminator, has ${last.name}`, { at: last, hint });
  }
}

/** Operations that are not known may be terminators. */
function isTerminator(op: Operation): boolean {
  return definitions.any.get(op.name)?.isTerminator ?? op.successors.length > 0;
}

/** A symbol table defines each name once. */
export function checkSymbols(op: Operation, definition: OpDefinition | undefined, check: Check): void {
  if (!definition?.isSymbolTable) return;
  const seen = new Map<string, Operation>();
  for (const inner of op.regions.flatMap((region) => region.blocks).flatMap((block) => block.ops)) {
    const name = symbolOf(inner);
    if (name === undefined) continue;
    const first = seen.get(name);
    if (first) {
      const hint = first.loc ? `first defined in line ${first.loc.line}` : "it is defined twice";
      check.error(`redefinition of symbol named '${name}'`, { at: inner, hint });
    } else seen.set(name, inner);
  }
}

function symbolOf(op: Operation): string | undefined {
  const rule = definitions.any.get(op.name)?.attributes.sym_name;
  if (!rule) return undefined;
  return op.text("sym_name") ?? (rule.default?.kind === "string" ? rule.default.value : undefined);
}
