import { bf16ToFloat } from "@aiekit/core";

/** Writes the values of 16-bit floats to `out`, which has as many elements. */
export function widen(kind: "F16" | "BF16", bits: Uint16Array, out: Float32Array): void {
  const table = tableOf(kind);
  for (let i = 0; i < bits.length; i++) out[i] = table[bits[i]!]!;
}

const tables = new Map<string, Float32Array>();

// 256 KiB, made once: a look-up takes a fraction of the arithmetic's time, and a model has millions of values.
function tableOf(kind: "F16" | "BF16"): Float32Array {
  const known = tables.get(kind);
  if (known !== undefined) return known;
  const value = kind === "F16" ? f16ToFloat : bf16ToFloat;
  const table = Float32Array.from({ length: 65_536 }, (_, bits) => value(bits));
  tables.set(kind, table);
  return table;
}

/** Value of an IEEE 754 binary16 given by its 16 bits. Exact in float32. */
function f16ToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
