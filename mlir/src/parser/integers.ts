import type { IntegerType } from "../ir/types.ts";

/**
 * The value as an integer type holds it: signless integers take both ranges and are kept signed, except i1.
 * Undefined when it does not fit.
 */
export function holdInteger(value: bigint, { width, sign }: IntegerType): bigint | undefined {
  const max = 1n << BigInt(width);
  const min = sign === "unsigned" ? 0n : -max / 2n;
  if (value >= (sign === "signed" ? max / 2n : max) || value < min) return undefined;
  return sign === "signless" && width > 1 ? BigInt.asIntN(width, value) : value;
}
