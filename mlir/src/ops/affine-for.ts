import type { Attribute } from "../ir/attributes.ts";
import { integerAttr } from "../ir/attributes.ts";
import type { Operation, Value } from "../ir/operation.ts";
import { index, type Type } from "../ir/types.ts";
import { parseInteger } from "../parser/attributes.ts";
import type { OpDraft, OpParser } from "../parser/op-parser.ts";
import type { ValueUse } from "../parser/scope.ts";
import { attributeText, typeList } from "../printer/attributes.ts";
import type { OpPrinter } from "../printer/op-printer.ts";
import type { CustomAssembly } from "./definition.ts";
import { parseIterArgs } from "./iter-args.ts";

/** `affine.for %i = 0 to %n step 2 iter_args(%a = %init) -> (i32) {...}`; a bound is a number, a value or a map. */
export const affineFor: CustomAssembly = { parse, print };

/** `affine.apply affine_map<(d0)[s0] -> (d0 + s0)>(%i)[%n]` */
export const application: CustomAssembly = {
  parse: (parser, draft) => {
    const map = parseMap(parser);
    draft.attributes.set("map", map);
    draft.operands.set("mapOperands", parseMapOperands(parser));
  },
  print: (printer, op) => {
    const map = op.attributes.get("map");
    printer.write(` ${map ? mapText(printer, map, op.operands) : ""}`);
  },
};

/** Operands of the lower bound, of the upper bound, and the initial values. */
export function forSegments(op: Operation): readonly number[] {
  const lower = mapInputs(op.attributes.get("lowerBoundMap"));
  const upper = mapInputs(op.attributes.get("upperBoundMap"));
  return [lower, upper, Math.max(0, op.operands.length - lower - upper)];
}

function parse(parser: OpParser, draft: OpDraft): void {
  const { scanner, source } = parser;
  const induction = parser.operand();
  scanner.expect("=");
  parseBound(parser, draft, "lowerBound");
  scanner.expect("to");
  parseBound(parser, draft, "upperBound");
  const step = scanner.accept("step") ? parseInteger(source) : 1n;
  draft.attributes.set("step", integerAttr(step, index));
  const { args, inits, types } = parseIterArgs(parser);
  if (types.length !== args.length) {
    throw parser.errorAt(draft.loc, `affine.for has ${args.length} iter_args and ${types.length} types for them`);
  }
  draft.operands.set("inits", inits);
  draft.types.set("inits", types);
  draft.types.set("results", types);
  const iterArgs = args.map((use, i) => ({ use, type: types[i] as Type }));
  const entry = [{ use: induction, type: index }, ...iterArgs];
  draft.regions.set("body", parser.region({ args: entry, terminator: "affine.yield" }));
}

/** A number, `%n`, `map(%i)[%n]`, or `min`/`max` before a map with several results. */
function parseBound(parser: OpParser, draft: OpDraft, name: string): void {
  const { scanner } = parser;
  scanner.accept(name === "lowerBound" ? "max" : "min");
  const token = scanner.peek();
  if (token.kind === "value") {
    draft.operands.set(`${name}Operands`, [parser.operand()]);
    draft.attributes.set(`${name}Map`, { kind: "opaque", text: "affine_map<()[s0] -> (s0)>" });
  } else if (token.kind === "integer" || token.text === "-") {
    const text = `affine_map<() -> (${parseInteger(parser.source)})>`;
    draft.attributes.set(`${name}Map`, { kind: "opaque", text });
  } else {
    draft.attributes.set(`${name}Map`, parseMap(parser));
    draft.operands.set(`${name}Operands`, parseMapOperands(parser));
  }
}

function parseMap(parser: OpParser): Attribute {
  const start = parser.scanner.peek();
  const map = parser.source.attribute(parser.source);
  if (map.kind === "opaque" && map.text.startsWith("affine_map<")) return map;
  throw parser.scanner.error(start, "an affine map");
}

/** `(%dims)[%symbols]` */
function parseMapOperands(parser: OpParser): ValueUse[] {
  const { scanner } = parser;
  scanner.expect("(");
  const uses = parser.operandList();
  scanner.expect(")");
  if (!scanner.accept("[")) return uses;
  uses.push(...parser.operandList());
  scanner.expect("]");
  return uses;
}

function print(printer: OpPrinter, op: Operation): void {
  const [induction, ...iterArgs] = op.regions[0]?.blocks[0]?.args ?? [];
  const [lower = 0, upper = 0] = forSegments(op);
  const inits = op.operands.slice(lower + upper);
  const step = op.int("step") ?? 1;
  printer.write(` ${induction ? printer.value(induction) : ""} = `);
  printer.write(boundText(printer, op.attributes.get("lowerBoundMap"), op.operands.slice(0, lower), "max"));
  printer.write(" to ");
  printer.write(boundText(printer, op.attributes.get("upperBoundMap"), op.operands.slice(lower, lower + upper), "min"));
  if (step !== 1) printer.write(` step ${step}`);
  if (inits.length > 0) {
    const pairs = iterArgs.map((arg, i) => `${printer.value(arg)} = ${printer.value(inits[i] as Value)}`);
    printer.write(` iter_args(${pairs.join(", ")}) -> (${typeList(op.results.map((result) => result.type))})`);
  }
  printer.write(" ");
  printer.region(op.regions[0], { hidesArgs: true, hidesTerminator: inits.length === 0 });
}

function boundText(printer: OpPrinter, map: Attribute | undefined, operands: readonly Value[], choice: string): string {
  if (map?.kind !== "opaque") return "<missing>";
  const constant = /^affine_map<\(\) -> \((-?\d+)\)>$/.exec(map.text)?.[1];
  if (constant !== undefined) return constant;
  const [only] = operands;
  if (only && map.text === "affine_map<()[s0] -> (s0)>") return printer.value(only);
  const results = /-> \((.*)\)>$/.exec(map.text)?.[1] ?? "";
  return `${results.includes(",") ? `${choice} ` : ""}${mapText(printer, map, operands)}`;
}

function mapText(printer: OpPrinter, map: Attribute, operands: readonly Value[]): string {
  const dims = map.kind === "opaque" ? dimsOf(map.text) : 0;
  const symbols = operands.slice(dims);
  const tail = symbols.length > 0 ? `[${printer.values(symbols)}]` : "";
  return `${attributeText(map)}(${printer.values(operands.slice(0, dims))})${tail}`;
}

/** How many dimensions and symbols a map has. */
export function mapInputs(map: Attribute | undefined): number {
  return mapNames(map).length;
}

/** Names of a map's dimensions and symbols, in order. */
export function mapNames(map: Attribute | undefined): string[] {
  if (map?.kind !== "opaque") return [];
  const symbols = /^affine_map<\s*\([^)]*\)\s*\[([^\]]*)\]/.exec(map.text)?.[1] ?? "";
  return [...namesIn(dimsText(map.text)), ...namesIn(symbols)];
}

/** How many results a map has. */
export function mapResults(map: Attribute | undefined): number {
  const list = map?.kind === "opaque" ? (/->\s*\((.*)\)\s*>$/.exec(map.text)?.[1] ?? "").trim() : "";
  if (list === "") return 0;
  let [results, depth] = [1, 0];
  for (const character of list) {
    if (character === "(") depth++;
    else if (character === ")") depth--;
    else if (character === "," && depth === 0) results++;
  }
  return results;
}

function dimsOf(map: string): number {
  return namesIn(dimsText(map)).length;
}

function dimsText(map: string): string {
  return /^affine_map<\s*\(([^)]*)\)/.exec(map)?.[1] ?? "";
}

function namesIn(list: string): string[] {
  return list.trim() === "" ? [] : list.split(",").map((name) => name.trim());
}
