import type { Type } from "../ir/types.ts";
import type { OpParser } from "../parser/op-parser.ts";
import type { ValueUse } from "../parser/scope.ts";
import { parseTypeList } from "../parser/types.ts";

/** Values that a loop carries: block arguments, what they start as, and their types, all in the same order. */
interface IterArgs {
  readonly args: ValueUse[];
  readonly inits: ValueUse[];
  readonly types: Type[];
}

/** `iter_args(%a = %x, ...) -> (T, ...)`, as scf.for and affine.for write it; empty lists where it is left out. */
export function parseIterArgs(parser: OpParser): IterArgs {
  const { source } = parser;
  const { scanner } = source;
  const args: ValueUse[] = [];
  const inits: ValueUse[] = [];
  if (!scanner.accept("iter_args")) return { args, inits, types: [] };
  scanner.expect("(");
  parser.list(() => {
    args.push(parser.operand());
    scanner.expect("=");
    inits.push(parser.operand());
  });
  scanner.expect(")");
  scanner.expect("->");
  return { args, inits, types: scanner.peek().text === "(" ? parseTypeList(source) : [parser.type()] };
}
