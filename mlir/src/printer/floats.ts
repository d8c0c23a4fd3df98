import { floatToBits, roundFloat } from "../ir/float-bits.ts";
import type { FloatType } from "../ir/types.ts";

/** Significant bits, the hidden one included. */
const precisionBits = { bf16: 8, f16: 11, f32: 24, f64: 53 } as const;

/**
 * The spelling MLIR gives a number: six significant digits when they name the value exactly (`2.500000e+00`), else as
 * many digits as the format holds, else (infinities, NaN) the bit pattern.
 */
export function floatText(value: number, { name }: FloatType): string {
  const bitsText = () => `0x${floatToBits(value, name).toString(16).toUpperCase()}`;
  const rounded = roundFloat(value, name);
  if (!Number.isFinite(rounded)) return bitsText();
  const short = rounded.toExponential(5);
  if (roundFloat(Number(short), name) === rounded) return withExponent(short.replace(/(\.\d{5})/, "$10"), rounded);
  // Digits that tell every value of the format apart: 2 + bits * log10(2), as LLVM counts them.
  const digits = 2 + Math.floor((precisionBits[name] * 59) / 196);
  const text = decimalText(rounded, digits);
  return text.includes(".") ? text : bitsText();
}

function withExponent(text: string, value: number): string {
  const [mantissa, exponent = "+0"] = text.split("e");
  const sign = Object.is(value, -0) && !text.startsWith("-") ? "-" : "";
  return `${sign}${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

/** Positional when at most three zeros pad the digits, as LLVM's APFloat::toString chooses; else scientific. */
function decimalText(value: number, digits: number): string {
  const [mantissa = "", exponentText = "0"] = value.toExponential(digits - 1).split("e");
  const sign = mantissa.startsWith("-") ? "-" : "";
  const significant = mantissa.replace(/[-.]/g, "").replace(/0+$/, "");
  const exponent = Number(exponentText);
  const lastDigit = exponent - (significant.length - 1);
  const isScientific = lastDigit >= 0 ? lastDigit > 3 || significant.length + lastDigit > digits : exponent < -3;
  if (isScientific) {
    const fraction = significant.slice(1) || "0";
    return `${sign}${significant[0]}.${fraction}E${exponent < 0 ? "-" : "+"}${Math.abs(exponent)}`;
  }
  if (lastDigit >= 0) return `${sign}${significant}${"0".repeat(lastDigit)}`;
  if (exponent >= 0) return `${sign}${significant.slice(0, exponent + 1)}.${significant.slice(exponent + 1)}`;
  return `${sign}0.${"0".repeat(-exponent - 1)}${significant}`;
}
