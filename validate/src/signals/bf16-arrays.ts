import { bf16ToFloat, floatToBf16, type Tensor, tensor } from "@aiekit/core";
import fc from "fast-check";
import { createRandom } from "./random.ts";

/** A bfloat16 array of a shape, element by element. */
export function bf16Array(shape: readonly number[], valueAt: (i: number) => number): Tensor<"bf16"> {
  const count = shape.reduce((n, size) => n * size, 1);
  return tensor(
    "bf16",
    shape,
    Uint16Array.from({ length: count }, (_, i) => floatToBf16(valueAt(i))),
  );
}

/** Normal noise around `mean`, rounded to bfloat16. */
export function bf16Noise(shape: readonly number[], seed: number, { mean = 0, deviation = 1 } = {}): Tensor<"bf16"> {
  const random = createRandom(seed);
  return bf16Array(shape, () => mean + deviation * random.normal());
}

/** The numbers that a device sees; integers of 64 bits are exact below 2^53. */
export function numbersOf({ dtype, data }: Tensor): Float64Array {
  if (dtype === "bf16") return Float64Array.from(data as Uint16Array, bf16ToFloat);
  return Float64Array.from(data as ArrayLike<number | bigint>, Number);
}

/** `count` draws of a property-based generator, the same for the same seed. */
export function drawn<T>(arbitrary: fc.Arbitrary<T>, count: number, seed: number): readonly T[] {
  return fc.sample(arbitrary, { seed, numRuns: count });
}

/** Rows and columns from 1 up, often next to a multiple of the device's vectors. */
export const matrixShapes = (mostRows: number, mostCols: number): fc.Arbitrary<readonly [number, number]> =>
  fc.tuple(
    fc.integer({ min: 1, max: mostRows }),
    fc.oneof(
      fc.integer({ min: 1, max: mostCols }),
      fc
        .integer({ min: 1, max: Math.floor(mostCols / 32) })
        .chain((n) => fc.constantFrom(32 * n - 1, 32 * n, 32 * n + 1)),
    ),
  );

/** Half of the last place of the bfloat16 numbers around a value: what rounding to nearest changes at most. */
export function bf16HalfPlace(value: number): number {
  const exponent = Math.floor(Math.log2(Math.max(Math.abs(value), 2 ** -126)));
  return 2 ** (exponent - 8);
}
