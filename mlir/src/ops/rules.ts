import { boolAttr, integerAttr } from "../ir/attributes.ts";
import type { Type } from "../ir/types.ts";
import { i32 } from "../ir/types.ts";
import type { Attributed, TypeBindings } from "./definition.ts";

interface Bounds {
  readonly type?: Type;
  readonly min?: number;
  readonly max?: number;
  readonly default?: number;
}

/** An integer attribute that must be there; i32 unless said otherwise. */
export function int({ type = i32, default: standard, ...bounds }: Bounds = {}): Attributed {
  const value = standard === undefined ? { required: true } : { default: integerAttr(standard, type) };
  return { kind: "int", type, ...bounds, ...value };
}

export function optionalInt(bounds: Bounds = {}): Attributed {
  return optional(int(bounds));
}

/** A keyword of an enumeration; an i32 in the generic form. */
export function keyword(
  names: readonly string[],
  options: { readonly type?: Type; readonly first?: number } = {},
): Attributed {
  const { type = i32, first = 0 } = options;
  return { kind: "enum", names, type, values: names.map((_, i) => i + first), required: true };
}

/** A rule whose default is not filled in anywhere. */
export function silent(rule: Attributed): Attributed {
  return { ...rule, isSilent: true };
}

export function optional(rule: Attributed): Attributed {
  return { ...rule, required: false };
}

/** `false` unless given. */
export const flag: Attributed = { kind: "bool", default: boolAttr(false) };
export const optionalBool: Attributed = { kind: "bool" };
export const string: Attributed = { kind: "string", required: true };
export const optionalString: Attributed = { kind: "string" };
export const symbol: Attributed = { kind: "symbol", required: true };
export const packetInfo: Attributed = { kind: "packet-info" };
/** The element type of a group's memref or vector. */
export function elementOf(name: string): (types: TypeBindings) => Type | undefined {
  return (types) => {
    const type = types.get(name)?.[0];
    return type && "element" in type ? type.element : undefined;
  };
}

export { bundles } from "../device-model/ports.ts";
export const channelDirections = ["S2MM", "MM2S"];
export const devices = [
  ...["xcvc1902", "xcve2302", "xcve2802", "npu1", "npu1_1col", "npu1_2col", "npu1_3col"],
  ...["npu2", "npu2_1col", "npu2_2col", "npu2_3col", "npu2_4col", "npu2_5col", "npu2_6col", "npu2_7col"],
];
