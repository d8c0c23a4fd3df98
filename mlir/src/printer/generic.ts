import type { Attribute } from "../ir/attributes.ts";
import type { Operation } from "../ir/operation.ts";
import { quote } from "../ir/string-literal.ts";
import { type OpDefinition, standardAttributes } from "../ops/definition.ts";
import { definitions } from "../ops/table.ts";
import { attributeText, dictionaryText } from "./attributes.ts";
import { nameValues } from "./names.ts";
import { OpPrinter } from "./op-printer.ts";

/**
 * The text of a module in MLIR's generic form, as `aie-opt --mlir-print-op-generic` prints it: quoted names, numbered
 * values, every attribute with its value, keywords of enumerations as integers.
 */
export function printGenericModule(op: Operation): string {
  const aliases = affineMapAliases(op);
  const names = nameValues(op, { resultName: () => undefined, isUnique: true });
  const printer = new OpPrinter({
    names,
    printOperation: (inner, child) => printGenericOperation(inner, child, aliases),
    attributeText: (attribute) => attributeText(attribute),
  });
  for (const [map, alias] of aliases) printer.write(`${alias} = ${map}\n`);
  printer.operation(op);
  return printer.text();
}

/** `"name"(%operands)[^successors] <{properties}> ({regions}) {attributes} : (types) -> types` */
export function printGenericOperation(
  printer: OpPrinter,
  op: Operation,
  aliases: ReadonlyMap<string, string> = new Map(),
): void {
  const definition = definitions.any.get(op.name);
  const operands = [...op.operands, ...op.successors.flatMap((successor) => successor.args)];
  printer.write(`${quote(op.name)}(${printer.values(operands)})`);
  if (op.successors.length > 0) {
    printer.write(`[${op.successors.map(({ block }) => printer.names.block(block)).join(", ")}]`);
  }
  const text = (attribute: Attribute, name: string): string => genericText(attribute, { definition, name, aliases });
  const { properties, others } = splitAttributes(op, definition);
  if (properties.length > 0) printer.write(` <${dictionaryText(properties, text)}>`);
  if (op.regions.length > 0) {
    printer.write(" (");
    for (const [i, region] of op.regions.entries()) {
      if (i > 0) printer.write(", ");
      printer.region(region);
    }
    printer.write(")");
  }
  if (others.length > 0) printer.write(` ${dictionaryText(others, text)}`);
  printer.write(` : ${printer.functionType(operands, op.results)}`);
}

type Entries = readonly (readonly [string, Attribute])[];

/** Attributes that the definition declares (with those that go without saying), and the rest. */
function splitAttributes(
  op: Operation,
  definition: OpDefinition | undefined,
): { properties: Entries; others: Entries } {
  if (!definition) return { properties: [...op.attributes], others: [] };
  const standard = Object.entries(standardAttributes(definition, op));
  const declared = new Map(standard.filter(([name]) => !definition.attributes[name]?.isSilent));
  for (const [name, value] of op.attributes) if (definition.attributes[name]) declared.set(name, value);
  const sizes = segmentSizes(op, definition);
  if (sizes) {
    const values = sizes.map(BigInt);
    declared.set("operandSegmentSizes", {
      kind: "dense-array",
      values,
      element: { kind: "integer", width: 32, sign: "signless" },
    });
  }
  return {
    properties: [...declared],
    others: [...op.attributes].filter(([name]) => !declared.has(name)),
  };
}

/** Branches with several successors and operations with several groups that vary say how long each is. */
function segmentSizes(op: Operation, definition: OpDefinition): readonly number[] | undefined {
  if (definition.segments) return definition.segments(op);
  if (definition.successorOperandsFrom === undefined || op.successors.length < 2) return undefined;
  return [op.operands.length, ...op.successors.map((successor) => successor.args.length)];
}

interface Place {
  readonly definition: OpDefinition | undefined;
  readonly name: string;
  readonly aliases: ReadonlyMap<string, string>;
}

function genericText(attribute: Attribute, { definition, name, aliases }: Place): string {
  const rule = definition?.attributes[name];
  if (attribute.kind === "enum" && rule?.kind === "enum") {
    const at = rule.names.indexOf(attribute.name);
    return attributeText({ kind: "integer", value: BigInt(rule.values?.[at] ?? at), type: rule.type });
  }
  if (attribute.kind === "array" && rule?.kind === "bd-dims-list") {
    const lists = attribute.elements.map((dims) =>
      attributeText(dims).replace(/^#aie<bd_dim_layout_array(.*)>$/, "$1"),
    );
    return `#aie<bd_dim_layout_array_array[${lists.join(", ")}]>`;
  }
  if (attribute.kind === "opaque") return aliases.get(attribute.text) ?? attribute.text;
  return attributeText(attribute);
}

/** `#map`, `#map1`, ... for the affine maps, those of inner operations first. */
function affineMapAliases(root: Operation): Map<string, string> {
  const aliases = new Map<string, string>();
  const visit = (op: Operation): void => {
    for (const inner of op.regions.flatMap((region) => region.blocks).flatMap((block) => block.ops)) visit(inner);
    const definition = definitions.any.get(op.name);
    const { properties, others } = splitAttributes(op, definition);
    const sorted = [...properties, ...others].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [, attribute] of sorted) {
      if (attribute.kind !== "opaque" || !attribute.text.startsWith("affine_map<")) continue;
      if (!aliases.has(attribute.text)) aliases.set(attribute.text, `#map${aliases.size === 0 ? "" : aliases.size}`);
    }
  };
  visit(root);
  return aliases;
}
