import type { Attribute, DenseAttr } from "../ir/attributes.ts";
import { floatFromBits } from "../ir/float-bits.ts";
import { unquote } from "../ir/string-literal.ts";
import type { Type } from "../ir/types.ts";
import { bitWidth } from "../ir/types.ts";
import { holdInteger } from "./integers.ts";
import type { Source } from "./types.ts";
import { parseType } from "./types.ts";

type ShapedType = DenseAttr["type"];

/** `dense<...> : type`; the type may come from the place instead. Large data are written as a hexadecimal string. */
export function parseDense(source: Source, expected?: Type): Attribute {
  const { scanner } = source;
  const start = scanner.take();
  scanner.expect("<");
  const literal = scanner.peek();
  const values: { value: bigint | number; path: number[] }[] = [];
  const hex = literal.kind === "string" ? scanner.take() : undefined;
  if (!hex && literal.text !== ">") readElements(source, [], values);
  scanner.expect(">");
  const type = scanner.accept(":") ? parseType(source) : expected;
  if (type?.kind !== "tensor" && type?.kind !== "memref" && type?.kind !== "vector") {
    throw scanner.errorAt(start.start, "dense<...> needs a tensor, vector or memref type with a static shape");
  }
  const count = type.shape.reduce<number>((product, size) => product * (size ?? 0), 1);
  const read = hex
    ? fromHex(unquote(hex.text), type)
    : values.map(({ value }) => typed(source, literal.start, value, type));
  const splat = hex ? read.length === 1 && count > 1 : values.length === 1 && values[0]?.path.length === 0;
  if (!splat && read.length !== count) {
    const message = `dense<...> has ${read.length} elements, its type ${type.shape.join("x")} needs ${count}`;
    throw scanner.errorAt(start.start, message);
  }
  if (!hex && !splat) checkNesting(source, start.start, type, values);
  return { kind: "dense", values: read, splat, type };
}

/** `array<i64: 1, 2>` */
export function parseDenseArray(source: Source): Attribute {
  const { scanner } = source;
  scanner.take();
  scanner.expect("<");
  const element = parseType(source);
  const values: bigint[] = [];
  if (scanner.accept(":")) {
    do {
      const value = source.attribute(source);
      if (value.kind === "integer") values.push(value.value);
      else if (value.kind === "bool") values.push(value.value ? 1n : 0n);
      else throw scanner.error(scanner.peek(), "an integer");
    } while (scanner.accept(","));
  }
  scanner.expect(">");
  return { kind: "dense-array", values, element };
}

function readElements(source: Source, path: number[], values: { value: bigint | number; path: number[] }[]): void {
  const { scanner } = source;
  if (!scanner.accept("[")) {
    values.push({ value: readElement(source), path });
    return;
  }
  if (scanner.accept("]")) return;
  let i = 0;
  do scanner.nested(() => readElements(source, [...path, i++], values));
  while (scanner.accept(","));
  scanner.expect("]");
}

function readElement({ scanner }: Source): bigint | number {
  if (scanner.accept("true")) return 1n;
  if (scanner.accept("false")) return 0n;
  const negative = scanner.accept("-");
  const token = scanner.take();
  if (token.kind === "float") return negative ? -Number(token.text) : Number(token.text);
  if (token.kind !== "integer") throw scanner.error(token, "a number");
  const value = BigInt(token.text);
  return negative ? -value : value;
}

/** Integers as their type holds them; in a floating-point type a hexadecimal integer is a bit pattern. */
function typed({ scanner }: Source, offset: number, value: bigint | number, { element }: ShapedType): bigint | number {
  if (typeof value === "number") {
    if (element.kind === "float") return value;
    throw scanner.errorAt(offset, "expected integer elements, but parsed floating-point");
  }
  if (element.kind === "float") return floatFromBits(value, element.name);
  if (element.kind !== "integer") return value;
  const held = holdInteger(value, element);
  if (held === undefined) throw scanner.errorAt(offset, "integer constant out of range for type");
  return held;
}

function fromHex(text: string, { element }: ShapedType): (bigint | number)[] {
  const bytes = text.replace(/^0x/, "").match(/../g) ?? [];
  const width = bitWidth(element) / 8;
  return Array.from({ length: bytes.length / width }, (_, i) => {
    const bits = BigInt(
      `0x${bytes
        .slice(i * width, (i + 1) * width)
        .reverse()
        .join("")}`,
    );
    if (element.kind === "float") return floatFromBits(bits, element.name);
    const isUnsigned = element.kind === "integer" && element.sign === "unsigned";
    return isUnsigned ? bits : BigInt.asIntN(width * 8, bits);
  });
}

function checkNesting(source: Source, start: number, type: ShapedType, values: readonly { path: number[] }[]): void {
  const isRegular = values.every(
    ({ path }, i) => path.length === type.shape.length && flatIndex(path, type.shape) === i,
  );
  if (!isRegular) {
    throw source.scanner.errorAt(start, `the brackets of dense<...> do not match the shape ${type.shape.join("x")}`);
  }
}

function flatIndex(path: readonly number[], shape: readonly (number | null)[]): number {
  return path.reduce((flat, at, axis) => flat * (shape[axis] ?? 0) + at, 0);
}
