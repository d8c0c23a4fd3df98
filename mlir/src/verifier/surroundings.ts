import type { Operation } from "../ir/operation.ts";

/** The innermost operation of that name around `op`. */
export function enclosing(op: Operation, name: string): Operation | undefined {
  let outer = op.parentOp;
  while (outer && outer.name !== name) outer = outer.parentOp;
  return outer;
}
