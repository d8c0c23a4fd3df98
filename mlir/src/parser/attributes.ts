import type { Attribute, BdDim, BdPad, DictionaryAttr, IntegerAttr } from "../ir/attributes.ts";
import { floatFromBits } from "../ir/float-bits.ts";
import { unquote } from "../ir/string-literal.ts";
import type { Type } from "../ir/types.ts";
import { i64 } from "../ir/types.ts";
import { parseDense, parseDenseArray } from "./dense.ts";
import { holdInteger } from "./integers.ts";
import type { Source } from "./types.ts";
import { balancedText, parseFunctionType, parseType } from "./types.ts";

/**
 * Reads one attribute. Numbers without a type are i64 and f64, or `type` when the place says which.
 * @throws FormatError at the token that is not an attribute.
 */
export function parseAttribute(source: Source, type?: Type): Attribute {
  return source.scanner.nested(() => parseAnyAttribute(source, type));
}

function parseAnyAttribute(source: Source, type: Type | undefined): Attribute {
  const { scanner } = source;
  const token = scanner.peek();
  switch (token.kind) {
    case "string":
      scanner.take();
      return { kind: "string", value: unquote(token.text) };
    case "symbol":
      return parseSymbol(source);
    case "integer":
    case "float":
      return parseNumber(source, type);
    case "alias":
      return parseDialectAttribute(source);
    case "type-alias":
      return { kind: "type", type: parseType(source) };
    case "word":
      return parseWord(source, type);
    default:
      break;
  }
  if (token.text === "-") return parseNumber(source, type);
  if (token.text === "[") return { kind: "array", elements: parseArray(source, () => parseAttribute(source)) };
  if (token.text === "{") return { kind: "dictionary", entries: parseDictionary(source) };
  if (token.text === "(") return { kind: "type", type: parseFunctionType(source) };
  throw scanner.error(token, "an attribute");
}

/** `{a = 1 : i32, b, "quoted key" = true}`; a name without a value is a unit attribute. */
export function parseDictionary(source: Source): DictionaryAttr["entries"] {
  const { scanner } = source;
  const entries = new Map<string, Attribute>();
  scanner.expect("{");
  if (scanner.accept("}")) return entries;
  do {
    const token = scanner.peek();
    const isName = token.kind === "word" || token.kind === "string" || /^i\d+$/.test(token.text);
    if (!isName) throw scanner.error(token, "an attribute name");
    const name = token.kind === "string" ? unquote(token.text) : token.text;
    scanner.take();
    if (entries.has(name)) throw scanner.errorAt(token.start, `attribute '${name}' is given twice`);
    entries.set(name, scanner.accept("=") ? parseAttribute(source) : { kind: "unit" });
  } while (scanner.accept(","));
  scanner.expect("}");
  return entries;
}

/** `@a` or `@a::@b`. */
export function parseSymbol({ scanner }: Source): Attribute {
  const path: string[] = [];
  do path.push(symbolName(scanner.expectKind("symbol", "a symbol name (@name)").text));
  while (scanner.accept("::"));
  return { kind: "symbol", path };
}

/** The name in `@name` or `@"any text"`. */
export function symbolName(text: string): string {
  return text.startsWith('@"') ? unquote(text.slice(1)) : text.slice(1);
}

/** A decimal or hexadecimal integer with an optional minus. */
export function parseInteger({ scanner }: Source): bigint {
  const negative = scanner.accept("-");
  const value = BigInt(scanner.expectKind("integer", "an integer").text);
  return negative ? -value : value;
}

/** An integer that must have the given type; `4` or `4 : i32`. */
export function parseTypedInteger(source: Source, type: Type): IntegerAttr {
  const token = source.scanner.peek();
  return { kind: "integer", value: inType(source, token.start, parseInteger(source), type), type };
}

/** The value as its type holds it. @throws FormatError when it does not fit; signless integers take both ranges. */
function inType({ scanner }: Source, offset: number, value: bigint, type: Type): bigint {
  if (type.kind !== "integer") return value;
  const held = holdInteger(value, type);
  if (held === undefined) throw scanner.errorAt(offset, "integer constant out of range for attribute");
  return held;
}

/** `[<size = S, stride = T>, ...]`, outermost dimension first. */
export function parseBdDims(source: Source): BdDim[] {
  return parseArray(source, () => {
    const [size, stride] = parseFields(source, ["size", "stride"]);
    return { size: size ?? 0, stride: stride ?? 0 };
  });
}

/** `[<const_pad_before = B, const_pad_after = A>, ...]`, outermost dimension first. */
export function parseBdPads(source: Source): BdPad[] {
  return parseArray(source, () => {
    const [before, after] = parseFields(source, ["const_pad_before", "const_pad_after"]);
    return { before: before ?? 0, after: after ?? 0 };
  });
}

/** `<pkt_type = T, pkt_id = I>`, in either order. */
export function parsePacketInfo(source: Source): Attribute {
  const [packetType, packetId] = parseFields(source, ["pkt_type", "pkt_id"]);
  return { kind: "packet-info", packetType: packetType ?? 0, packetId: packetId ?? 0 };
}

/** Square brackets around comma-separated elements. */
export function parseArray<T>({ scanner }: Source, element: () => T): T[] {
  scanner.expect("[");
  const elements: T[] = [];
  if (scanner.accept("]")) return elements;
  do elements.push(element());
  while (scanner.accept(","));
  scanner.expect("]");
  return elements;
}

/** Sizes, strides, paddings and packet fields are 32-bit numbers. */
const fieldMax = 2 ** 32 - 1;

/** `<a = 1, b = 2>`: the values of `names`, in the order of `names`. All must be there. */
function parseFields(source: Source, names: readonly string[]): number[] {
  const { scanner } = source;
  const values = new Map<string, number>();
  scanner.expect("<");
  do {
    const token = scanner.peek();
    if (!names.includes(token.text) || values.has(token.text)) {
      throw scanner.error(token, `one of ${names.filter((name) => !values.has(name)).join(", ")}`);
    }
    scanner.take();
    scanner.expect("=");
    const start = scanner.peek().start;
    const value = Number(parseInteger(source));
    if (Math.abs(value) > fieldMax) throw scanner.errorAt(start, "integer value too large");
    values.set(token.text, value);
  } while (scanner.accept(","));
  const missing = names.find((name) => !values.has(name));
  if (missing !== undefined) throw scanner.error(scanner.peek(), `', ${missing} = ...'`);
  scanner.expect(">");
  return names.map((name) => values.get(name) ?? 0);
}

function parseNumber(source: Source, expected: Type | undefined): Attribute {
  const { scanner } = source;
  const negative = scanner.accept("-");
  const token = scanner.take();
  if (token.kind !== "integer" && token.kind !== "float") throw scanner.error(token, "a number");
  const given = scanner.accept(":") ? parseType(source) : undefined;
  if (token.kind === "float") {
    const type = given ?? expected ?? { kind: "float", name: "f64" };
    if (type.kind !== "float") throw scanner.errorAt(token.start, "a number with a point needs a floating-point type");
    return { kind: "float", value: negative ? -Number(token.text) : Number(token.text), type };
  }
  const type = given ?? expected ?? i64;
  if (type.kind === "float") {
    if (!token.text.startsWith("0x")) {
      throw scanner.errorAt(token.start, "expected a floating-point literal such as 1.0");
    }
    return { kind: "float", value: floatFromBits(BigInt(token.text), type.name), type };
  }
  const magnitude = BigInt(token.text);
  return { kind: "integer", value: inType(source, token.start, negative ? -magnitude : magnitude, type), type };
}

function parseWord(source: Source, expected: Type | undefined): Attribute {
  const { scanner } = source;
  const token = scanner.peek();
  switch (token.text) {
    case "true":
    case "false":
      scanner.take();
      if (scanner.accept(":")) parseType(source);
      return { kind: "bool", value: token.text === "true" };
    case "unit":
      scanner.take();
      return { kind: "unit" };
    case "dense":
      return parseDense(source, expected);
    case "array":
      return parseDenseArray(source);
    case "strided":
      scanner.take();
      return { kind: "opaque", text: `strided${balancedText(scanner).replace(/,\s*offset:\s*0\s*>$/, ">")}` };
    case "affine_map":
    case "affine_set":
    case "distinct":
      scanner.take();
      return { kind: "opaque", text: token.text + balancedText(scanner) };
    case "loc":
      scanner.take();
      return { kind: "opaque", text: token.text + balancedText(scanner, "(") };
    default:
      return { kind: "type", type: parseType(source) };
  }
}

function parseDialectAttribute(source: Source): Attribute {
  const { scanner } = source;
  const token = scanner.take();
  if (token.text === "#aie.packet_info") return parsePacketInfo(source);
  if (token.text === "#aie") return parseAieAttribute(source);
  const alias = source.attributeAliases.get(token.text);
  if (alias) return alias;
  if (!token.text.includes(".") && scanner.peek().text !== "<") {
    throw scanner.errorAt(token.start, `attribute alias '${token.text}' is not defined before its use`);
  }
  return { kind: "opaque", text: token.text + balancedText(scanner) };
}

/** `#aie<bd_dim_layout_array[...]>` and its kin. */
function parseAieAttribute(source: Source): Attribute {
  const { scanner } = source;
  scanner.expect("<");
  const name = scanner.expectKind("word", "an attribute of the aie dialect");
  let attribute: Attribute;
  if (name.text === "bd_dim_layout_array") attribute = { kind: "bd-dims", dims: parseBdDims(source) };
  else if (name.text === "bd_pad_layout_array") attribute = { kind: "bd-pads", pads: parseBdPads(source) };
  else if (name.text === "packet_info") attribute = parsePacketInfo(source);
  else if (name.text === "bd_dim_layout_array_array") {
    const elements = parseArray(source, (): Attribute => ({ kind: "bd-dims", dims: parseBdDims(source) }));
    attribute = { kind: "array", elements };
  } else
    throw scanner.error(name, "bd_dim_layout_array, bd_dim_layout_array_array, bd_pad_layout_array or packet_info");
  scanner.expect(">");
  return attribute;
}
