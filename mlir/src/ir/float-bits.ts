import type { FloatType } from "./types.ts";

const view = new DataView(new ArrayBuffer(8));

/** Value of a bit pattern of one of the IEEE 754 formats, or of bfloat16 (the upper half of an f32). */
export function floatFromBits(bits: bigint, name: FloatType["name"]): number {
  if (name === "f64") {
    view.setBigUint64(0, bits);
    return view.getFloat64(0);
  }
  if (name !== "f16") {
    view.setUint32(0, Number(name === "bf16" ? bits << 16n : bits));
    return view.getFloat32(0);
  }
  const sign = bits & 0x8000n ? -1 : 1;
  const exponent = Number((bits >> 10n) & 0x1fn);
  const fraction = Number(bits & 0x3ffn);
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Bit pattern of `value` rounded to nearest, ties to even. */
export function floatToBits(value: number, name: FloatType["name"]): bigint {
  if (name === "f64") {
    view.setFloat64(0, value);
    return view.getBigUint64(0);
  }
  view.setFloat32(0, value);
  const bits = view.getUint32(0);
  if (name === "f32") return BigInt(bits);
  if (name === "bf16") {
    if (Number.isNaN(value)) return 0x7fc0n;
    return BigInt((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
  return BigInt(f16Bits(value));
}

/** `value` rounded to the nearest value of the format. */
export function roundFloat(value: number, name: FloatType["name"]): number {
  return floatFromBits(floatToBits(value, name), name);
}

function f16Bits(value: number): number {
  const sign = Object.is(value, -0) || value < 0 ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 2 ** -24)));
  const step = 2 ** (exponent - 10);
  const scaled = magnitude / step;
  const floor = Math.floor(scaled);
  const isUp = scaled - floor > 0.5 || (scaled - floor === 0.5 && floor % 2 === 1);
  const mantissa = floor + (isUp ? 1 : 0);
  return sign | (exponent === -14 && mantissa < 1024 ? mantissa : ((exponent + 14) << 10) + mantissa);
}
