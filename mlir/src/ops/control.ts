import type { Operation, Value } from "../ir/operation.ts";
import { i1, type Type } from "../ir/types.ts";
import { parseInteger } from "../parser/attributes.ts";
import type { OpDraft, OpParser } from "../parser/op-parser.ts";
import type { ValueUse } from "../parser/scope.ts";
import { parseTypeList } from "../parser/types.ts";
import { functionTypeText, typeList, typeText } from "../printer/attributes.ts";
import type { OpPrinter } from "../printer/op-printer.ts";
import { defineOp } from "./definition.ts";
import { scfFor } from "./scf-for.ts";
import { scfIndexSwitch } from "./scf-index-switch.ts";

const yieldFormat = "attr-dict ( %results `:` type(results) )?";

/** Structured control flow and branches. */
export const controlOps = [
  scfFor,
  defineOp("scf.if", {
    format: "custom(branches) attr-dict",
    custom: {
      branches: {
        parse: (parser, draft) => {
          const { scanner } = parser;
          draft.operands.set("condition", [parser.operand()]);
          draft.types.set("results", scanner.accept("->") ? parseTypeList(parser.source) : []);
          draft.regions.set("then", parser.region({ terminator: "scf.yield" }));
          if (scanner.accept("else")) draft.regions.set("else", parser.region({ terminator: "scf.yield" }));
        },
        print: (printer, op) => {
          const [condition] = op.operands;
          const hidesTerminator = op.results.length === 0;
          printer.write(` ${condition ? printer.value(condition) : ""} `);
          if (!hidesTerminator) printer.write(`-> (${typeList(op.results.map((result) => result.type))}) `);
          printer.region(op.regions[0], { hidesTerminator });
          if ((op.regions[1]?.blocks.length ?? 0) === 0) return;
          printer.write(" else ");
          printer.region(op.regions[1], { hidesTerminator });
        },
      },
    },
    operands: ["condition"],
    results: ["results*"],
    types: { condition: i1 },
    regions: [
      { name: "then", terminator: "scf.yield" },
      { name: "else", terminator: "scf.yield" },
    ],
  }),
  scfIndexSwitch,
  defineOp("scf.while", {
    format: "custom(loop) attr-dict",
    custom: { loop: { parse: parseWhile, print: printWhile } },
    operands: ["inits*"],
    results: ["results*"],
    regions: [{ name: "before" }, { name: "after" }],
  }),
  defineOp("scf.condition", {
    format: "`(` %condition `)` attr-dict ( %args `:` type(args) )?",
    operands: ["condition", "args*"],
    types: { condition: i1 },
    isTerminator: true,
  }),
  defineOp("scf.yield", { format: yieldFormat, operands: ["results*"], isTerminator: true }),
  defineOp("cf.br", { format: "^dest attr-dict", isTerminator: true, successorOperandsFrom: 0 }),
  defineOp("cf.cond_br", {
    format: "%condition `,` ^trueDest `,` ^falseDest attr-dict",
    operands: ["condition"],
    types: { condition: i1 },
    isTerminator: true,
    successorOperandsFrom: 1,
  }),
  defineOp("cf.switch", {
    format: "custom(cases) attr-dict",
    custom: { cases: { parse: parseSwitch, print: printSwitch } },
    elided: ["case_values", "case_operand_segments"],
    operands: ["flag"],
    attributes: { case_values: { kind: "dense" } },
    isTerminator: true,
    successorOperandsFrom: 1,
  }),
];

function parseWhile(parser: OpParser, draft: OpDraft): void {
  const { scanner } = parser;
  const args: ValueUse[] = [];
  const inits: ValueUse[] = [];
  if (scanner.accept("(") && !scanner.accept(")")) {
    parser.list(() => {
      args.push(parser.operand());
      scanner.expect("=");
      inits.push(parser.operand());
    });
    scanner.expect(")");
  }
  scanner.expect(":");
  const inputs = parseTypeList(parser.source);
  scanner.expect("->");
  const results = scanner.peek().text === "(" ? parseTypeList(parser.source) : [parser.type()];
  draft.operands.set("inits", inits);
  draft.types.set("inits", inputs);
  draft.types.set("results", results);
  if (args.length !== inputs.length && args.length > 0) {
    throw parser.errorAt(draft.loc, `scf.while has ${args.length} arguments and ${inputs.length} types for them`);
  }
  draft.regions.set("before", parser.region({ args: args.map((use, i) => ({ use, type: inputs[i] as Type })) }));
  scanner.expect("do");
  draft.regions.set("after", parser.region({ terminator: "scf.yield" }));
}

function printWhile(printer: OpPrinter, op: Operation): void {
  const args = op.regions[0]?.blocks[0]?.args ?? [];
  const pairs = args.map((arg, i) => `${printer.value(arg)} = ${printer.value(op.operands[i] as Value)}`);
  if (pairs.length > 0) printer.write(` (${pairs.join(", ")})`);
  const types = functionTypeText(
    op.operands.map((value) => value.type),
    op.results.map((value) => value.type),
  );
  printer.write(` : ${types} `);
  printer.region(op.regions[0], { hidesArgs: true });
  printer.write(" do ");
  printer.region(op.regions[1]);
}

/** `%flag : i32, [ default: ^bb1, 0: ^bb2 ]`; the default is the first successor. */
function parseSwitch(parser: OpParser, draft: OpDraft): void {
  const { scanner } = parser;
  draft.operands.set("flag", [parser.operand()]);
  scanner.expect(":");
  const type = parser.type();
  draft.types.set("flag", [type]);
  for (const text of [",", "[", "default", ":"]) scanner.expect(text);
  draft.successors.push(parser.successor());
  const values: bigint[] = [];
  while (scanner.accept(",")) {
    values.push(parseInteger(parser.source));
    scanner.expect(":");
    draft.successors.push(parser.successor());
  }
  scanner.expect("]");
  if (values.length === 0) return;
  const shape = { kind: "tensor", shape: [values.length], element: type } as const;
  draft.attributes.set("case_values", { kind: "dense", values, splat: false, type: shape });
}

function printSwitch(printer: OpPrinter, op: Operation): void {
  const [flag] = op.operands;
  const [standard, ...cases] = op.successors;
  const values = op.attributes.get("case_values");
  const lines = [`default: ${standard ? printer.successor(standard) : ""}`];
  for (const [i, successor] of cases.entries()) {
    const value = values?.kind === "dense" ? (values.splat ? values.values[0] : values.values[i]) : "";
    lines.push(`${value}: ${printer.successor(successor)}`);
  }
  const indent = printer.indent();
  printer.write(` ${flag ? `${printer.value(flag)} : ${typeText(flag.type)}` : ""}, [\n`);
  printer.write(`${lines.map((line) => `${indent}  ${line}`).join(",\n")}\n${indent}]`);
}
