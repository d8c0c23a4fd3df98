import { nearestNames } from "@aiekit/core";
import { wholeArrays } from "../device-model/device-model.ts";
import type { Attribute } from "../ir/attributes.ts";
import { unquote } from "../ir/string-literal.ts";
import { i1 } from "../ir/types.ts";
import { type Attributed, parseGroup } from "../ops/definition.ts";
import type { FormatElement } from "../ops/format.ts";
import {
  parseAttribute,
  parseBdDims,
  parseBdPads,
  parsePacketInfo,
  parseSymbol,
  parseTypedInteger,
} from "./attributes.ts";

import type { OpDraft, OpParser } from "./op-parser.ts";
import { balancedText, parseTypeList } from "./types.ts";

/** Reads what follows an operation's name, as its format says. */
export function parseFormat(parser: OpParser, draft: OpDraft, elements: readonly FormatElement[]): void {
  for (const element of elements) parseElement(parser, draft, element);
}

function parseElement(parser: OpParser, draft: OpDraft, element: FormatElement): void {
  const { scanner } = parser;
  switch (element.kind) {
    case "literal":
      scanner.expect(element.text, `in ${draft.definition.name}`);
      return;
    case "space":
      return;
    case "operand":
      parseOperands(parser, draft, element.name);
      return;
    case "attribute":
      draft.attributes.set(element.name, parseNamed(parser, draft, element.name));
      return;
    case "symbol-name": {
      const symbol = parseSymbol(parser.source);
      if (symbol.kind === "symbol") draft.attributes.set(element.name, { kind: "string", value: symbol.path[0] ?? "" });
      return;
    }
    case "successor":
      draft.successors.push(parser.successor());
      return;
    case "type":
      draft.types.set(element.name, isMany(draft, element.name) ? parser.list(() => parser.type()) : [parser.type()]);
      return;
    case "functional":
      draft.types.set(element.operands, parseTypeList(parser.source));
      scanner.expect("->");
      draft.types.set(element.results, scanner.peek().text === "(" ? parseTypeList(parser.source) : [parser.type()]);
      return;
    case "region": {
      const rule = draft.definition.regions.find(({ name }) => name === element.name);
      const region = parser.region({ isIsolated: draft.definition.isIsolated, terminator: rule?.terminator });
      draft.regions.set(element.name, region);
      return;
    }
    case "attr-dict":
      if (!element.keyword || scanner.accept("attributes")) parser.attributeDict(draft);
      return;
    case "custom":
      draft.definition.custom?.[element.name]?.parse(parser, draft);
      return;
    case "optional":
      if (isPresent(parser, draft, element.elements)) parseFormat(parser, draft, element.elements);
  }
}

function isMany(draft: OpDraft, name: string): boolean {
  const groups = [...draft.definition.operands, ...draft.definition.results];
  return groups.some((group) => parseGroup(group).name === name && group.endsWith("*"));
}

function parseOperands(parser: OpParser, draft: OpDraft, name: string): void {
  draft.operands.set(name, isMany(draft, name) ? parser.operandList() : [parser.operand()]);
}

/** An optional group is there when its first element can start at the next token. */
function isPresent(parser: OpParser, draft: OpDraft, elements: readonly FormatElement[]): boolean {
  const first = elements.find((element) => element.kind !== "space");
  const token = parser.scanner.peek();
  if (first?.kind === "literal") return token.text === first.text && token.kind !== "string";
  if (first?.kind === "symbol-name") return token.kind === "symbol";
  if (first?.kind === "operand") return token.kind === "value";
  if (first?.kind === "region") return token.text === "{";
  if (first?.kind !== "attribute") return false;
  const rule = draft.definition.attributes[first.name];
  if (rule?.kind === "symbol") return token.kind === "symbol";
  if (rule?.kind === "string") return token.kind === "string";
  if (rule?.kind === "int") return token.kind === "integer" || token.text === "-";
  if (rule?.kind === "enum") return rule.names.includes(token.text);
  return token.text === "[";
}

function parseNamed(parser: OpParser, draft: OpDraft, name: string): Attribute {
  const { source, scanner } = parser;
  const rule = draft.definition.attributes[name];
  switch (rule?.kind) {
    case "int":
      return parseTypedInteger(source, rule.type);
    case "enum":
      return parseEnum(parser, draft, name, rule.names);
    case "symbol":
      return parseSymbol(source);
    case "bd-dims":
      return { kind: "bd-dims", dims: parseBdDims(source) };
    case "bd-pads":
      return { kind: "bd-pads", pads: parseBdPads(source) };
    case "packet-info":
      return parsePacketInfo(source);
    case "bool":
      return parseAttribute(source, i1);
    case "type":
      return { kind: "type", type: parser.type() };
    case "opaque":
      return { kind: "opaque", text: `#${rule.prefix}${balancedText(scanner)}` };
    default:
      return parseAttribute(source);
  }
}

/** A keyword of an enumeration, bare or in quotes. */
function parseEnum(
  parser: OpParser,
  draft: OpDraft,
  name: string,
  names: Extract<Attributed, { kind: "enum" }>["names"],
): Attribute {
  const token = parser.scanner.peek();
  const keyword = token.kind === "string" ? unquote(token.text) : token.text;
  if (!names.includes(keyword)) {
    const expected = "expected string or keyword containing one of the following enum values for attribute";
    const message = `custom op '${draft.definition.name}' ${expected} '${name}' [${names.join(", ")}]`;
    const near = nearestNames(keyword, names);
    const nearest = near.length > 0 ? `nearest: ${near.join(", ")}` : undefined;
    const wholeArray = wholeArrays[keyword];
    const hint = wholeArray === undefined ? nearest : `the whole array is called ${wholeArray}`;
    throw parser.scanner.errorAt(token.start, `${message}, found '${keyword}'`, hint);
  }
  parser.scanner.take();
  return { kind: "enum", name: keyword };
}
