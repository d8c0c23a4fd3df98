/**
 * Rounding modes of AIE2's shift-round-saturate unit with their control register values (aie::rounding_mode).
 * `floor` is the state after reset.
 */
export const roundingModes = {
  floor: 0,
  ceil: 1,
  symmetric_floor: 2,
  symmetric_ceil: 3,
  negative_inf: 8,
  positive_inf: 9,
  symmetric_zero: 10,
  symmetric_inf: 11,
  conv_even: 12,
  conv_odd: 13,
} as const;
export type RoundingMode = keyof typeof roundingModes;

/** Saturation modes with their control register values (aie::saturation_mode). `none` keeps the low bits. */
export const saturationModes = { none: 0, saturate: 1, symmetric: 3 } as const;
export type SaturationMode = keyof typeof saturationModes;

/** `value` / 2^`shift` as an integer, rounded by `mode`. Exact for any size: the model that the headers are tested against. */
export function shiftRound(value: bigint, shift: number, mode: RoundingMode): bigint {
  if (shift === 0) return value;
  const s = BigInt(shift);
  const floor = value >> s;
  const rest = value - (floor << s);
  if (rest === 0n) return floor;
  const half = 1n << (s - 1n);
  const negative = value < 0n;
  const up = (yes: boolean): bigint => (yes ? floor + 1n : floor);
  switch (mode) {
    case "floor":
      return floor;
    case "ceil":
      return floor + 1n;
    case "symmetric_floor":
      return up(negative);
    case "symmetric_ceil":
      return up(!negative);
    case "negative_inf":
      return up(rest > half);
    case "positive_inf":
      return up(rest >= half);
    case "symmetric_zero":
      return up(negative ? rest >= half : rest > half);
    case "symmetric_inf":
      return up(negative ? rest > half : rest >= half);
    case "conv_even":
      return up(rest > half || (rest === half && (floor & 1n) === 1n));
    case "conv_odd":
      return up(rest > half || (rest === half && (floor & 1n) === 0n));
  }
}

/** Narrows to `bits`, signed or not, as the saturation mode says: wrap, clamp, or clamp to -max..max. */
export function saturate(value: bigint, bits: number, signed: boolean, mode: SaturationMode): bigint {
  if (mode === "none") return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  const max = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  const min = signed ? (mode === "symmetric" ? -max : -max - 1n) : 0n;
  return value < min ? min : value > max ? max : value;
}
