import { floatToBits, roundFloat } from "../ir/float-bits.ts";
import type { FloatType } from "../ir/types.ts";

/** Significant bits, the hidden one included. */
const precisionBits = { bf16: 8, f16: 11, f32: 24, f64: 53 } as const;

/** Significant digits of the short form. */
const shortDigits = 6;

/**
 * The spelling MLIR gives a number: six significant digits when they name the value exactly (`2.500000e+00`), else as
 * many digits as the format holds, else (infinities, NaN) the bit pattern. Digits are those of LLVM's
 * APFloat::toString, which cuts off before it rounds: 6.2 as f32 is `6.1999998`, 4.7 is `4.700000e+00`.
 */
export function floatText(value: number, { name }: FloatType): string {
  const bitsText = () => `0x${floatToBits(value, name).toString(16).toUpperCase()}`;
  const rounded = roundFloat(value, name);
  if (!Number.isFinite(rounded)) return bitsText();
  const sign = rounded < 0 || Object.is(rounded, -0) ? "-" : "";
  const magnitude = Math.abs(rounded);
  const short = shortText(decimal(magnitude, shortDigits));
  if (roundFloat(Number(short), name) === magnitude) return sign + short;
  // Digits that tell every value of the format apart: 2 + bits * log10(2), as LLVM counts them.
  const digits = 2 + Math.floor((precisionBits[name] * 59) / 196);
  const text = longText(decimal(magnitude, digits), digits);
  return text.includes(".") ? sign + text : bitsText();
}

/** `digits` without trailing zeros; the value is digits * 10^exponent. */
interface Decimal {
  readonly digits: string;
  readonly exponent: number;
}

/** At most `count` significant digits of a finite value that is not negative. */
function decimal(value: number, count: number): Decimal {
  if (value === 0) return { digits: "0", exponent: 0 };
  const exact = exactDecimal(value);
  const bits = exact.digits.toString(2).length;
  const bitsWanted = Math.trunc((count * 196 + 58) / 59);
  const tens = bits > bitsWanted ? Math.trunc(((bits - bitsWanted) * 59) / 196) : 0;
  const cut = withoutZeros(`${exact.digits / 10n ** BigInt(tens)}`, exact.exponent + tens);
  if (cut.digits.length <= count) return cut;
  const dropped = cut.digits.length - count;
  const kept = BigInt(cut.digits.slice(0, count)) + (cut.digits.charAt(count) >= "5" ? 1n : 0n);
  return withoutZeros(`${kept}`, cut.exponent + dropped);
}

/** Every digit of the value. */
function exactDecimal(value: number): { digits: bigint; exponent: number } {
  const bits = floatToBits(value, "f64");
  const biased = Number(bits >> 52n);
  let significand = (bits & ((1n << 52n) - 1n)) | (biased === 0 ? 0n : 1n << 52n);
  let exponent = Math.max(biased, 1) - 1075;
  while ((significand & 1n) === 0n) {
    significand >>= 1n;
    exponent++;
  }
  if (exponent >= 0) return { digits: significand << BigInt(exponent), exponent: 0 };
  return { digits: significand * 5n ** BigInt(-exponent), exponent };
}

function withoutZeros(digits: string, exponent: number): Decimal {
  const kept = digits.replace(/0+$/, "");
  return { digits: kept, exponent: exponent + digits.length - kept.length };
}

/** `2.500000e+00` */
function shortText({ digits, exponent }: Decimal): string {
  const power = exponent + digits.length - 1;
  const fraction = digits.slice(1).padEnd(shortDigits, "0");
  return `${digits[0]}.${fraction}e${power < 0 ? "-" : "+"}${`${Math.abs(power)}`.padStart(2, "0")}`;
}

/** Positional when at most three zeros pad the digits, else scientific. */
function longText({ digits, exponent }: Decimal, count: number): string {
  const power = exponent + digits.length - 1;
  const isScientific = exponent >= 0 ? exponent > 3 || digits.length + exponent > count : power < -3;
  if (isScientific) return `${digits[0]}.${digits.slice(1) || "0"}E${power < 0 ? "-" : "+"}${Math.abs(power)}`;
  if (exponent >= 0) return `${digits}${"0".repeat(exponent)}`;
  if (power >= 0) return `${digits.slice(0, power + 1)}.${digits.slice(power + 1)}`;
  return `0.${"0".repeat(-power - 1)}${digits}`;
}
