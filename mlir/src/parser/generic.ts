import type { Attribute } from "../ir/attributes.ts";
import { type Location, Operation, type Region, type Successor } from "../ir/operation.ts";
import { unquote } from "../ir/string-literal.ts";
import type { OpDefinition } from "../ops/definition.ts";
import { parseDictionary } from "./attributes.ts";
import { defineResults, normalAttribute, resolveUse } from "./build-operation.ts";
import type { OpParser, SuccessorUse } from "./op-parser.ts";
import type { ValueUse } from "./scope.ts";
import { parseFunctionType } from "./types.ts";

interface GenericHead {
  readonly resultNames: readonly ValueUse[];
  readonly loc: Location;
  readonly table: ReadonlyMap<string, OpDefinition>;
}

/** `"name"(%operands)[^successors] <{properties}> ({regions}) {attributes} : (types) -> types` */
export function parseGeneric(parser: OpParser, { resultNames, loc, table }: GenericHead): Operation {
  const { scanner, source } = parser;
  const nameToken = scanner.take();
  const name = unquote(nameToken.text);
  const definition = table.get(name);
  scanner.expect("(");
  const uses = parser.operandList();
  scanner.expect(")");
  const successorUses = parseSuccessors(parser);
  const attributes = new Map<string, Attribute>();
  if (scanner.accept("<")) {
    for (const [key, value] of parseDictionary(source)) attributes.set(key, value);
    scanner.expect(">");
  }
  const regions = parseRegions(parser, definition);
  if (scanner.peek().text === "{") for (const [key, value] of parseDictionary(source)) attributes.set(key, value);
  scanner.expect(":");
  const type = parseFunctionType(source);
  parser.skipLocation();
  if (type.inputs.length !== uses.length) {
    const message = `'${name}' has ${uses.length} operands and ${type.inputs.length} operand types`;
    throw scanner.errorAt(nameToken.start, message);
  }
  const patches: ((op: Operation) => void)[] = [];
  const values = uses.map((use, i) => resolveUse(parser, use, type.inputs[i], patches));
  const own = definition?.successorOperandsFrom ?? values.length;
  const segments = attributes.get("operandSegmentSizes");
  const sizes = segments?.kind === "dense-array" ? segments.values.map(Number) : undefined;
  if (definition?.segments || definition?.successorOperandsFrom !== undefined) attributes.delete("operandSegmentSizes");
  const rules = definition?.attributes ?? {};
  const op = new Operation(name, {
    operands: values.slice(0, own),
    results: type.results,
    resultNames: resultNames.map((use) => use.name),
    attributes: Object.fromEntries([...attributes].map(([key, value]) => [key, normalAttribute(value, rules[key])])),
    regions,
    successors: shareOut(successorUses, values.slice(own), sizes?.slice(sizes.length - successorUses.length)),
    loc,
  });
  for (const patch of patches) patch(op);
  defineResults(parser, { resultNames }, op);
  return op;
}

function parseSuccessors(parser: OpParser): SuccessorUse[] {
  if (!parser.scanner.accept("[")) return [];
  const successors = parser.list(() => parser.successor());
  parser.scanner.expect("]");
  return successors;
}

function parseRegions(parser: OpParser, definition: OpDefinition | undefined): Region[] {
  if (!parser.scanner.accept("(")) return [];
  const regions = parser.list(() => parser.region({ isIsolated: definition?.isIsolated ?? false }));
  parser.scanner.expect(")");
  return regions;
}

/** Gives each successor its part of the operands; a single successor takes all. */
function shareOut(
  uses: readonly SuccessorUse[],
  values: readonly Operation["operands"][number][],
  sizes: readonly number[] | undefined,
): Successor[] {
  let at = 0;
  return uses.map(({ block }, i) => {
    const size = uses.length === 1 ? values.length : (sizes?.[i] ?? 0);
    at += size;
    return { block, args: values.slice(at - size, at) };
  });
}
