import type { Attribute } from "../ir/attributes.ts";
import type { Operation, Value } from "../ir/operation.ts";
import { type OpDefinition, operandGroup, regionNamed, resultGroup, standardAttributes } from "../ops/definition.ts";
import { type FormatElement, flattenFormat } from "../ops/format.ts";
import { attributeText, bdDimsText, bdPadsText, symbolText, typeList } from "./attributes.ts";
import type { OpPrinter } from "./op-printer.ts";

interface Spacing {
  /** A space may come before the next element. */
  wanted: boolean;
  /** The last thing written was punctuation. */
  afterPunctuation: boolean;
}

/** Writes what follows an operation's name, as its format says. */
export function printFormat(
  printer: OpPrinter,
  op: Operation,
  definition: OpDefinition,
  elements: readonly FormatElement[],
): void {
  const spacing: Spacing = { wanted: true, afterPunctuation: false };
  const elided = new Set(definition.elided ?? []);
  for (const element of flattenFormat(elements)) {
    if (element.kind === "attribute" || element.kind === "symbol-name") elided.add(element.name);
  }
  for (const [name, standard] of Object.entries(standardAttributes(definition, op))) {
    const value = op.attributes.get(name);
    if (value && attributeText(value) === attributeText(standard)) elided.add(name);
  }
  printElements({ printer, op, definition, spacing, elided }, elements);
}

interface Printing {
  readonly printer: OpPrinter;
  readonly op: Operation;
  readonly definition: OpDefinition;
  readonly spacing: Spacing;
  readonly elided: ReadonlySet<string>;
}

function printElements(printing: Printing, elements: readonly FormatElement[]): void {
  for (const element of elements) printElement(printing, element);
}

function printElement(printing: Printing, element: FormatElement): void {
  const { printer, op, definition, spacing, elided } = printing;
  switch (element.kind) {
    case "literal":
      printLiteral(printing, element.text);
      return;
    case "space":
      printer.write(element.text);
      spacing.wanted = false;
      spacing.afterPunctuation = true;
      return;
    case "attr-dict":
      printer.attributeDict(op, elided, element.keyword ? " attributes" : "");
      spacing.wanted = true;
      spacing.afterPunctuation = false;
      return;
    case "custom":
      definition.custom?.[element.name]?.print(printer, op);
      spacing.wanted = true;
      spacing.afterPunctuation = false;
      return;
    case "optional":
      if (isPresent(op, definition, element.elements)) printElements(printing, element.elements);
      return;
    case "region": {
      printSpaced(printing, "");
      const rule = definition.regions.find(({ name }) => name === element.name);
      const hidesTerminator = rule?.terminator !== undefined;
      printer.region(regionNamed(definition, op, element.name), { hidesTerminator });
      return;
    }
    default:
      printSpaced(printing, elementText(printing, element));
  }
}

/** Spaces of a literal as in MLIR's OpFormatGen: brackets and commas stick to their neighbours. */
function printLiteral({ printer, spacing }: Printing, text: string): void {
  const isWord = text.length !== 1 && text !== "->";
  const sticks = (spacing.afterPunctuation ? ">)}]," : "<>(){}[],").includes(text);
  if (spacing.wanted && (isWord || text === "->" || !sticks)) printer.write(" ");
  printer.write(text);
  spacing.wanted = text.length !== 1 || !"<({[".includes(text);
  spacing.afterPunctuation = !/^[A-Za-z_]/.test(text);
}

function printSpaced({ printer, spacing }: Printing, text: string): void {
  if (spacing.wanted || !spacing.afterPunctuation) printer.write(" ");
  printer.write(text);
  spacing.wanted = true;
  spacing.afterPunctuation = false;
}

function elementText({ printer, op, definition }: Printing, element: FormatElement): string {
  switch (element.kind) {
    case "operand":
      return printer.values(operandGroup(definition, op, element.name));
    case "attribute":
      return namedText(op, definition, element.name);
    case "symbol-name":
      return symbolText([op.text(element.name) ?? ""]);
    case "successor": {
      const at = successorNames(definition).indexOf(element.name);
      const successor = op.successors[at];
      return successor ? printer.successor(successor) : "^<missing>";
    }
    case "type": {
      return typeList(groupNamed(definition, op, element.name).map((value) => value.type));
    }
    case "functional":
      return printer.functionType(
        operandGroup(definition, op, element.operands),
        resultGroup(definition, op, element.results),
      );
    default:
      return "";
  }
}

/** The operands or the results of that name. */
function groupNamed(definition: OpDefinition, op: Operation, name: string): readonly Value[] {
  return [...operandGroup(definition, op, name), ...resultGroup(definition, op, name)];
}

function successorNames(definition: OpDefinition): string[] {
  const found = (definition.format ?? "").matchAll(/\^(\w+)/g);
  return [...found].map((match) => match[1] ?? "");
}

function isPresent(op: Operation, definition: OpDefinition, elements: readonly FormatElement[]): boolean {
  const anchor = elements.find((element) => element.kind !== "literal" && element.kind !== "space");
  if (anchor?.kind === "operand") return operandGroup(definition, op, anchor.name).length > 0;
  if (anchor?.kind === "type") return groupNamed(definition, op, anchor.name).length > 0;
  if (anchor?.kind === "region") return (regionNamed(definition, op, anchor.name)?.blocks.length ?? 0) > 0;
  if (anchor?.kind !== "attribute" && anchor?.kind !== "symbol-name") return false;
  const value = op.attributes.get(anchor.name);
  const standard = definition.attributes[anchor.name]?.default;
  return value !== undefined && !(standard && attributeText(value) === attributeText(standard));
}

/** An attribute where the format names it: its rule says what goes without saying. */
function namedText(op: Operation, definition: OpDefinition, name: string): string {
  const rule = definition.attributes[name];
  const attribute: Attribute | undefined = op.attributes.get(name) ?? rule?.default;
  if (!attribute) return "<missing>";
  if (attribute.kind === "integer" && rule?.kind === "int") return `${attribute.value}`;
  if (attribute.kind === "bd-dims") return bdDimsText(attribute.dims);
  if (attribute.kind === "bd-pads") return bdPadsText(attribute.pads);
  if (attribute.kind === "enum" && rule?.kind === "enum" && rule.quoted) return `"${attribute.name}"`;
  if (attribute.kind === "packet-info") return attributeText(attribute).replace("#aie.packet_info", "");
  if (attribute.kind === "opaque" && rule?.kind === "opaque") return attribute.text.slice(rule.prefix.length + 1);
  return attributeText(attribute);
}
