import type { Operation } from "../../ir/operation.ts";
import { sameType } from "../../ir/types.ts";
import { typeText } from "../../printer/attributes.ts";
import type { Check } from "../check.ts";

/** scf.for, affine.for: the body has the induction variable and one argument for each carried value, of its type. */
export function verifyLoop(op: Operation, check: Check): void {
  const carried = op.results.length;
  const args = op.regions[0]?.blocks[0]?.args ?? [];
  if (args.length !== carried + 1) {
    check.error(`expected body to have ${carried + 1} arguments, found ${args.length}`);
    return;
  }
  const inits = op.operands.slice(op.operands.length - carried);
  for (const [i, result] of op.results.entries()) {
    for (const type of [inits[i]?.type, args[i + 1]?.type]) {
      if (type && sameType(type, result.type)) continue;
      const found = type ? typeText(type) : "nothing";
      check.error(`types of the value carried in place ${i} differ: ${typeText(result.type)} and ${found}`);
    }
  }
}

/**
 * scf.for: besides, bounds and step count, in integers or indices, and the induction variable is one of them.
 * Source: MLIR SCFOps.td, AnySignlessIntegerOrIndex; SCF.cpp, ForOp::verifyRegions.
 */
export function verifyCountedLoop(op: Operation, check: Check): void {
  const [induction] = op.regions[0]?.blocks[0]?.args ?? [];
  const [lower] = op.operands;
  if (induction && lower && !sameType(induction.type, lower.type)) {
    check.error("expected induction variable to be same type as bounds and step");
  }
  for (const [i, { type }] of op.operands.slice(0, 3).entries()) {
    if (type.kind === "index" || type.kind === "integer") continue;
    check.error(`operand #${i} must be signless integer or index, but got '${typeText(type)}'`);
  }
  verifyLoop(op, check);
}
