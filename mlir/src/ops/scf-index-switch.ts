import type { Operation } from "../ir/operation.ts";
import { i64, index } from "../ir/types.ts";
import { parseInteger } from "../parser/attributes.ts";
import type { OpDraft, OpParser } from "../parser/op-parser.ts";
import type { OpPrinter } from "../printer/op-printer.ts";
import { defineOp } from "./definition.ts";

/** `scf.index_switch %x -> types`, then `case N {...}` and `default {...}` on lines of their own. */
export const scfIndexSwitch = defineOp("scf.index_switch", {
  format: "%arg attr-dict ( `->` type(results) )? custom(cases)",
  custom: { cases: { parse, print } },
  elided: ["cases"],
  operands: ["arg"],
  results: ["results*"],
  types: { arg: index },
  attributes: { cases: { kind: "dense-array", required: true } },
  // The region of `default` comes first.
  regions: [{ name: "default" }, { name: "cases*" }],
});

function parse(parser: OpParser, draft: OpDraft): void {
  const { scanner } = parser;
  const values: bigint[] = [];
  const regions = [];
  while (scanner.accept("case")) {
    values.push(parseInteger(parser.source));
    regions.push(parser.region({ terminator: "scf.yield" }));
  }
  scanner.expect("default", "in scf.index_switch");
  draft.regions.set("default", parser.region({ terminator: "scf.yield" }));
  for (const [i, region] of regions.entries()) draft.regions.set(`cases${i}`, region);
  draft.attributes.set("cases", { kind: "dense-array", values, element: i64 });
}

function print(printer: OpPrinter, op: Operation): void {
  const cases = op.attributes.get("cases");
  const [standard, ...regions] = op.regions;
  for (const [i, region] of regions.entries()) {
    printer.write(`\n${printer.indent()}case ${cases?.kind === "dense-array" ? cases.values[i] : ""} `);
    printer.region(region);
  }
  printer.write(`\n${printer.indent()}default `);
  printer.region(standard);
}
