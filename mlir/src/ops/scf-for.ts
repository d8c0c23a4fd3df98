import type { Operation, Value } from "../ir/operation.ts";
import { index, type Type } from "../ir/types.ts";
import type { OpDraft, OpParser } from "../parser/op-parser.ts";
import { typeList, typeText } from "../printer/attributes.ts";
import type { OpPrinter } from "../printer/op-printer.ts";
import { verifyCountedLoop } from "../verifier/rules/loops.ts";
import { defineOp } from "./definition.ts";
import { parseIterArgs } from "./iter-args.ts";

/** `scf.for %i = %lower to %upper step %step iter_args(%a = %init) -> (type) {...}` */
export const scfFor = defineOp("scf.for", {
  format: "custom(loop) attr-dict",
  custom: { loop: { parse, print } },
  operands: ["lowerBound", "upperBound", "step", "initArgs*"],
  results: ["results*"],
  types: { results: "=initArgs" },
  regions: [{ name: "body", terminator: "scf.yield" }],
  verify: verifyCountedLoop,
});

function parse(parser: OpParser, draft: OpDraft): void {
  const { scanner } = parser;
  const induction = parser.operand();
  scanner.expect("=");
  const bounds = [parser.operand()];
  for (const word of ["to", "step"]) {
    scanner.expect(word);
    bounds.push(parser.operand());
  }
  const { args, inits, types: initTypes } = parseIterArgs(parser);
  const type = scanner.accept(":") ? parser.type() : index;
  for (const [i, name] of ["lowerBound", "upperBound", "step"].entries()) {
    const use = bounds[i];
    if (use) draft.operands.set(name, [use]);
    draft.types.set(name, [type]);
  }
  draft.operands.set("initArgs", inits);
  draft.types.set("initArgs", initTypes);
  draft.types.set("results", initTypes);
  if (initTypes.length !== args.length) {
    throw parser.errorAt(draft.loc, `scf.for has ${args.length} iter_args and ${initTypes.length} types for them`);
  }
  const iterArgs = args.map((use, i) => ({ use, type: initTypes[i] as Type }));
  draft.regions.set("body", parser.region({ args: [{ use: induction, type }, ...iterArgs], terminator: "scf.yield" }));
}

function print(printer: OpPrinter, op: Operation): void {
  const [induction, ...iterArgs] = op.regions[0]?.blocks[0]?.args ?? [];
  const [lower, upper, step, ...inits] = op.operands.map((value) => printer.value(value));
  printer.write(` ${induction ? printer.value(induction) : ""} = ${lower} to ${upper} step ${step}`);
  if (inits.length > 0) {
    const pairs = iterArgs.map((arg: Value, i) => `${printer.value(arg)} = ${inits[i]}`);
    printer.write(` iter_args(${pairs.join(", ")}) -> (${typeList(op.results.map((result) => result.type))})`);
  }
  printer.write(" ");
  if (induction && induction.type.kind !== "index") printer.write(` : ${typeText(induction.type)} `);
  printer.region(op.regions[0], { hidesArgs: true, hidesTerminator: inits.length === 0 });
}
