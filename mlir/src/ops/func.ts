import type { Operation } from "../ir/operation.ts";
import type { Type } from "../ir/types.ts";
import { symbolName } from "../parser/attributes.ts";
import type { OpDraft, OpParser } from "../parser/op-parser.ts";
import { parseTypeList } from "../parser/types.ts";
import { symbolText, typeList, typeText } from "../printer/attributes.ts";
import type { OpPrinter } from "../printer/op-printer.ts";
import { verifyCall } from "../verifier/rules/calls.ts";
import { verifyVisibility } from "../verifier/rules/visibility.ts";
import { defineOp } from "./definition.ts";
import { optionalString, string, symbol } from "./rules.ts";

/** The module and functions. */
export const funcOps = [
  defineOp("builtin.module", {
    format: "( @sym_name )? attr-dict-with-keyword region(body)",
    attributes: { sym_name: optionalString },
    regions: [{ name: "body", needsTerminator: false }],
    isIsolated: true,
    isSymbolTable: true,
  }),
  defineOp("func.func", {
    format: "custom(function)",
    custom: { function: { parse: parseFunction, print: printFunction } },
    attributes: { sym_name: string, function_type: { kind: "type", required: true }, sym_visibility: optionalString },
    regions: [{ name: "body", multiBlock: true }],
    isIsolated: true,
    verify: verifyVisibility,
  }),
  defineOp("func.call", {
    format: "$callee `(` %operands `)` attr-dict `:` functional(operands, results)",
    operands: ["operands*"],
    results: ["results*"],
    attributes: { callee: symbol },
    verify: verifyCall,
  }),
  defineOp("func.return", {
    format: "attr-dict ( %operands `:` type(operands) )?",
    operands: ["operands*"],
    isTerminator: true,
  }),
];

/** `private @name(types or %args: types) -> results attributes {...} {body}` */
function parseFunction(parser: OpParser, draft: OpDraft): void {
  const { scanner, source } = parser;
  const visibility = ["private", "public", "nested"].find((word) => scanner.accept(word));
  if (visibility) draft.attributes.set("sym_visibility", { kind: "string", value: visibility });
  const name = scanner.expectKind("symbol", "the function's name (@name)");
  draft.attributes.set("sym_name", { kind: "string", value: symbolName(name.text) });
  const hasNames = namesArguments(parser);
  const args = hasNames ? readArguments(parser) : [];
  const inputs = hasNames ? args.map((arg) => arg.type) : parseTypeList(source);
  let results: Type[] = [];
  if (scanner.accept("->")) results = scanner.peek().text === "(" ? parseTypeList(source) : [parser.type()];
  draft.attributes.set("function_type", { kind: "type", type: { kind: "function", inputs, results } });
  if (scanner.accept("attributes")) parser.attributeDict(draft);
  if (scanner.peek().text === "{") draft.regions.set("body", parser.region({ args, isIsolated: true }));
}

function namesArguments(parser: OpParser): boolean {
  const open = parser.scanner.expect("(");
  const isNamed = parser.scanner.peek().kind === "value";
  parser.scanner.rewind(open);
  return isNamed;
}

function readArguments(parser: OpParser) {
  parser.scanner.expect("(");
  const args = parser.list(() => parser.argument());
  parser.scanner.expect(")");
  return args;
}

function printFunction(printer: OpPrinter, op: Operation): void {
  const attribute = op.attributes.get("function_type");
  const type = attribute?.kind === "type" && attribute.type.kind === "function" ? attribute.type : undefined;
  const visibility = op.text("sym_visibility");
  const entry = op.regions[0]?.blocks[0];
  const args = entry?.args.map((arg) => `${printer.value(arg)}: ${typeText(arg.type)}`).join(", ");
  printer.write(`${visibility ? ` ${visibility}` : ""} ${symbolText([op.text("sym_name") ?? ""])}`);
  printer.write(`(${args ?? typeList(type?.inputs ?? [])})`);
  const [only, ...others] = type?.results ?? [];
  if (only) printer.write(` -> ${others.length === 0 ? typeText(only) : `(${typeList(type?.results ?? [])})`}`);
  printer.attributeDict(op, new Set(["sym_name", "function_type", "sym_visibility"]), " attributes");
  if (!entry) return;
  printer.write(" ");
  printer.region(op.regions[0], { hidesArgs: true });
}
