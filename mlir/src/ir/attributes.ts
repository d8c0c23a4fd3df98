import type { MemRefType, TensorType, Type, VectorType } from "./types.ts";

export interface IntegerAttr {
  readonly kind: "integer";
  readonly value: bigint;
  readonly type: Type;
}
interface FloatAttr {
  readonly kind: "float";
  readonly value: number;
  readonly type: Type;
}
interface BoolAttr {
  readonly kind: "bool";
  readonly value: boolean;
}
interface StringAttr {
  readonly kind: "string";
  readonly value: string;
}
interface UnitAttr {
  readonly kind: "unit";
}
interface TypeAttr {
  readonly kind: "type";
  readonly type: Type;
}
export interface ArrayAttr {
  readonly kind: "array";
  readonly elements: readonly Attribute[];
}
export interface DictionaryAttr {
  readonly kind: "dictionary";
  readonly entries: ReadonlyMap<string, Attribute>;
}
/** `@a` is ["a"]; `@a::@b` is ["a", "b"]. */
interface SymbolRefAttr {
  readonly kind: "symbol";
  readonly path: readonly string[];
}
/** `dense<...> : type`. One value is a splat. Integers are bigint, floats are number. */
export interface DenseAttr {
  readonly kind: "dense";
  readonly values: readonly (bigint | number)[];
  readonly splat: boolean;
  readonly type: MemRefType | TensorType | VectorType;
}
/** `array<i64: 1, 2>` */
interface DenseArrayAttr {
  readonly kind: "dense-array";
  readonly values: readonly bigint[];
  readonly element: Type;
}
/** A keyword of an enumeration printed bare by its operation: `Consume`, `S2MM`, `AcquireGreaterEqual`. */
interface EnumAttr {
  readonly kind: "enum";
  readonly name: string;
}
/** One dimension of an access pattern, in elements, as in `<size = 4, stride = 1>`. */
export interface BdDim {
  readonly size: number;
  readonly stride: number;
}
/** A list of access-pattern dimensions, outermost first. */
interface BdDimsAttr {
  readonly kind: "bd-dims";
  readonly dims: readonly BdDim[];
}
/** Zeros that a memtile adds around one dimension; dimension 0 of the stream counts in 32-bit words. */
export interface BdPad {
  readonly before: number;
  readonly after: number;
}
/** Zero padding of a memtile BD, outermost dimension first. */
interface BdPadsAttr {
  readonly kind: "bd-pads";
  readonly pads: readonly BdPad[];
}
/** `#aie.packet_info<pkt_type = 0, pkt_id = 2>` */
export interface PacketInfoAttr {
  readonly kind: "packet-info";
  readonly packetType: number;
  readonly packetId: number;
}
/** An attribute of a dialect that is only passed through; `text` is its spelling, `#` included. */
interface OpaqueAttr {
  readonly kind: "opaque";
  readonly text: string;
}

export type Attribute =
  | IntegerAttr
  | FloatAttr
  | BoolAttr
  | StringAttr
  | UnitAttr
  | TypeAttr
  | ArrayAttr
  | DictionaryAttr
  | SymbolRefAttr
  | DenseAttr
  | DenseArrayAttr
  | EnumAttr
  | BdDimsAttr
  | BdPadsAttr
  | PacketInfoAttr
  | OpaqueAttr;

export function integerAttr(value: number | bigint, type: Type): IntegerAttr {
  return { kind: "integer", value: BigInt(value), type };
}
export function stringAttr(value: string): StringAttr {
  return { kind: "string", value };
}
export function boolAttr(value: boolean): BoolAttr {
  return { kind: "bool", value };
}
export function enumAttr(name: string): EnumAttr {
  return { kind: "enum", name };
}
export function symbolAttr(...path: string[]): SymbolRefAttr {
  return { kind: "symbol", path };
}
/** Dimensions outermost first, strides in elements. */
export function bdDimsAttr(dims: readonly BdDim[]): BdDimsAttr {
  return { kind: "bd-dims", dims };
}
export function typeAttr(type: Type): TypeAttr {
  return { kind: "type", type };
}
