import type { Attribute } from "./attributes.ts";

export interface IntegerType {
  readonly kind: "integer";
  readonly width: number;
  readonly sign: "signless" | "signed" | "unsigned";
}
interface IndexType {
  readonly kind: "index";
}
export interface FloatType {
  readonly kind: "float";
  readonly name: "bf16" | "f16" | "f32" | "f64";
}
/** `null` is a dynamic dimension, printed `?`. Row-major, innermost dimension last. */
export interface MemRefType {
  readonly kind: "memref";
  readonly shape: readonly (number | null)[];
  readonly element: Type;
  readonly layout?: Attribute;
  readonly memorySpace?: Attribute;
}
export interface UnrankedMemRefType {
  readonly kind: "unranked-memref";
  readonly element: Type;
}
export interface VectorType {
  readonly kind: "vector";
  readonly shape: readonly number[];
  readonly element: Type;
}
export interface TensorType {
  readonly kind: "tensor";
  readonly shape: readonly (number | null)[];
  readonly element: Type;
}
export interface FunctionType {
  readonly kind: "function";
  readonly inputs: readonly Type[];
  readonly results: readonly Type[];
}
/** `!aie.objectfifo<memref<...>>` */
interface ObjectFifoType {
  readonly kind: "objectfifo";
  readonly element: MemRefType;
}
/** `!aie.objectfifosubview<memref<...>>` */
interface ObjectFifoSubviewType {
  readonly kind: "objectfifosubview";
  readonly element: MemRefType;
}
/** A type of a dialect that is only passed through; `text` is its spelling, `!` included. */
interface OpaqueType {
  readonly kind: "opaque";
  readonly text: string;
}

export type Type =
  | IntegerType
  | IndexType
  | FloatType
  | MemRefType
  | UnrankedMemRefType
  | VectorType
  | TensorType
  | FunctionType
  | ObjectFifoType
  | ObjectFifoSubviewType
  | OpaqueType;

export const index: IndexType = { kind: "index" };
const integer = (width: number, sign: IntegerType["sign"] = "signless"): IntegerType => ({
  kind: "integer",
  width,
  sign,
});
export const i1 = integer(1);
export const i8 = integer(8);
export const i16 = integer(16);
export const i32 = integer(32);
export const i64 = integer(64);
export const ui8 = integer(8, "unsigned");
export const ui32 = integer(32, "unsigned");
export const bf16: FloatType = { kind: "float", name: "bf16" };
export const f32: FloatType = { kind: "float", name: "f32" };

export function memref(shape: readonly (number | null)[], element: Type): MemRefType {
  return { kind: "memref", shape, element };
}

/** Bits of one element of a scalar type. @throws RangeError for types without a size (index counts as 64). */
export function bitWidth(type: Type): number {
  const bits = knownBitWidth(type);
  if (bits === undefined) throw new RangeError(`type ${type.kind} has no bit width`);
  return bits;
}

/** Bits of one element; undefined for types without a size. */
export function knownBitWidth(type: Type): number | undefined {
  if (type.kind === "integer") return type.width;
  if (type.kind === "index") return 64;
  if (type.kind === "float") return { bf16: 16, f16: 16, f32: 32, f64: 64 }[type.name];
  return type.kind === "opaque" ? blockFloatBits(type.text) : undefined;
}

/**
 * Block floating point: so many values of 8 bits, one exponent of 8 bits for all of them.
 * Source: AIEX.td, BlockFloatType; the formats are those that AIE2P has.
 */
const blockFloatValues: Readonly<Record<string, number>> = { v8bfp16ebs8: 8, v16bfp16ebs16: 16 };

function blockFloatBits(text: string): number | undefined {
  const values = blockFloatValues[/^!aiex\.bfp<"(\w+)">$/.exec(text)?.[1] ?? ""];
  return values === undefined ? undefined : values * 8 + 8;
}

/** Elements of a static memref; null where a dimension is dynamic. */
export function memrefElements(type: MemRefType): number | null {
  return type.shape.reduce<number | null>((n, d) => (n === null || d === null ? null : n * d), 1);
}

/** Bytes of a static memref; each element takes whole bytes. @throws RangeError when a dimension is dynamic. */
export function memrefBytes(type: MemRefType): number {
  const elements = memrefElements(type);
  if (elements === null) throw new RangeError("memref has a dynamic dimension: its size is not known");
  return elements * Math.ceil(bitWidth(type.element) / 8);
}

/** True for types with the same spelling. */
export function sameType(a: Type, b: Type): boolean {
  return a === b || canonical(a) === canonical(b);
}

/** One text per type; bigint in a layout attribute has no JSON form of its own. */
function canonical(type: Type): string {
  return JSON.stringify(type, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
}
