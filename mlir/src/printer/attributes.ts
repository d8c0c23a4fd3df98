import type { Attribute, BdDim, BdPad, DenseAttr } from "../ir/attributes.ts";
import { floatToBits } from "../ir/float-bits.ts";
import { quote } from "../ir/string-literal.ts";
import type { Type } from "../ir/types.ts";
import { bitWidth } from "../ir/types.ts";
import { floatText } from "./floats.ts";

/** Larger dense attributes are written as a hexadecimal string. Source: MLIR, `mlir-print-elementsattrs-with-hex-if-larger`. */
const hexAboveElements = 100;

/** The spelling of an attribute, its type included. */
export function attributeText(attribute: Attribute): string {
  switch (attribute.kind) {
    case "integer": {
      const { value, type } = attribute;
      if (isI1(type)) return value === 0n ? "false" : "true";
      return `${value} : ${typeText(type)}`;
    }
    case "float": {
      const text = attribute.type.kind === "float" ? floatText(attribute.value, attribute.type) : `${attribute.value}`;
      return `${text} : ${typeText(attribute.type)}`;
    }
    case "bool":
      return `${attribute.value}`;
    case "string":
      return quote(attribute.value);
    case "unit":
      return "unit";
    case "type":
      return typeText(attribute.type);
    case "array":
      return `[${attribute.elements.map(elementText).join(", ")}]`;
    case "dictionary":
      return dictionaryText([...attribute.entries]);
    case "symbol":
      return symbolText(attribute.path);
    case "dense":
      return `${denseText(attribute)} : ${typeText(attribute.type)}`;
    case "dense-array": {
      const values = attribute.values.length > 0 ? `: ${attribute.values.join(", ")}` : "";
      return `array<${typeText(attribute.element)}${values}>`;
    }
    case "enum":
      return attribute.name;
    case "bd-dims":
      return `#aie<bd_dim_layout_array${bdDimsText(attribute.dims)}>`;
    case "bd-pads":
      return `#aie<bd_pad_layout_array${bdPadsText(attribute.pads)}>`;
    case "packet-info":
      return `#aie.packet_info<pkt_type = ${attribute.packetType}, pkt_id = ${attribute.packetId}>`;
    case "opaque":
      return attribute.text;
  }
}

/** Inside of `[...]` and of types, i64 and f64 go without saying. */
function elementText(attribute: Attribute): string {
  const text = attributeText(attribute);
  if (attribute.kind === "integer" && typeText(attribute.type) === "i64") return text.replace(/ : i64$/, "");
  if (attribute.kind === "float" && typeText(attribute.type) === "f64") return text.replace(/ : f64$/, "");
  return text;
}

/** `{a = 1 : i32, b}`, sorted by name. */
export function dictionaryText(
  entries: readonly (readonly [string, Attribute])[],
  text: (attribute: Attribute, name: string) => string = (attribute) => attributeText(attribute),
): string {
  const parts = [...entries]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, attribute]) => {
      const key = /^[A-Za-z_][\w$.]*$/.test(name) ? name : quote(name);
      return attribute.kind === "unit" ? key : `${key} = ${text(attribute, name)}`;
    });
  return `{${parts.join(", ")}}`;
}

/** `@a`, `@a::@b`; names that are no identifiers in quotes. */
export function symbolText(path: readonly string[]): string {
  return path.map((name) => (/^[A-Za-z_][\w$.]*$/.test(name) ? `@${name}` : `@${quote(name)}`)).join("::");
}

/** `[<size = S, stride = T>, ...]` */
export function bdDimsText(dims: readonly BdDim[]): string {
  return `[${dims.map(({ size, stride }) => `<size = ${size}, stride = ${stride}>`).join(", ")}]`;
}

/** `[<const_pad_before = B, const_pad_after = A>, ...]` */
export function bdPadsText(pads: readonly BdPad[]): string {
  const texts = pads.map(({ before, after }) => `<const_pad_before = ${before}, const_pad_after = ${after}>`);
  return `[${texts.join(", ")}]`;
}

/** `dense<...>` without its type. */
export function denseText({ values, splat, type }: DenseAttr): string {
  const { element } = type;
  const text = (value: bigint | number | undefined): string => {
    if (element.kind === "float") return floatText(Number(value), element);
    return isI1(element) ? `${value !== 0n}` : `${value}`;
  };
  if (splat || (values.length > 0 && values.every((value) => Object.is(value, values[0])))) {
    return `dense<${text(values[0])}>`;
  }
  if (values.length > hexAboveElements && !isI1(element)) return `dense<${hexText(values, element)}>`;
  const nested = (axis: number, from: number, count: number): string => {
    const size = type.shape[axis];
    if (size === undefined || size === null) return text(values[from]);
    const inner = count / size;
    return `[${Array.from({ length: size }, (_, i) => nested(axis + 1, from + i * inner, inner)).join(", ")}]`;
  };
  return values.length === 0 ? "dense<>" : `dense<${nested(0, 0, values.length)}>`;
}

function hexText(values: readonly (bigint | number)[], element: Type): string {
  const width = bitWidth(element);
  const bytes = values.map((value) => {
    const bits =
      element.kind === "float" ? floatToBits(Number(value), element.name) : BigInt.asUintN(width, BigInt(value));
    const text = bits
      .toString(16)
      .toUpperCase()
      .padStart(width / 4, "0");
    return text.match(/../g)?.reverse().join("") ?? "";
  });
  return `"0x${bytes.join("")}"`;
}

function isI1(type: Type): boolean {
  return type.kind === "integer" && type.width === 1;
}

/** The spelling of a type. */
export function typeText(type: Type): string {
  switch (type.kind) {
    case "integer":
      return `${{ signless: "", signed: "s", unsigned: "u" }[type.sign]}i${type.width}`;
    case "index":
      return "index";
    case "float":
      return type.name;
    case "memref": {
      const { layout, memorySpace } = type;
      const rest = [layout, memorySpace].flatMap((attribute) => (attribute ? [`, ${elementText(attribute)}`] : []));
      return `memref<${shapeText(type.shape)}${typeText(type.element)}${rest.join("")}>`;
    }
    case "unranked-memref":
      return `memref<*x${typeText(type.element)}>`;
    case "vector":
      return `vector<${shapeText(type.shape)}${typeText(type.element)}>`;
    case "tensor":
      return `tensor<${shapeText(type.shape)}${typeText(type.element)}>`;
    case "function":
      return functionTypeText(type.inputs, type.results);
    case "objectfifo":
      return `!aie.objectfifo<${typeText(type.element)}>`;
    case "objectfifosubview":
      return `!aie.objectfifosubview<${typeText(type.element)}>`;
    case "opaque":
      return type.text;
  }
}

/** `(T, T) -> T`; the results are in parentheses unless there is exactly one that is no function. */
export function functionTypeText(inputs: readonly Type[], results: readonly Type[]): string {
  const [only] = results;
  const right = only && results.length === 1 && only.kind !== "function" ? typeText(only) : `(${typeList(results)})`;
  return `(${typeList(inputs)}) -> ${right}`;
}

export function typeList(types: readonly Type[]): string {
  return types.map(typeText).join(", ");
}

function shapeText(shape: readonly (number | null)[]): string {
  return shape.map((size) => `${size ?? "?"}x`).join("");
}
