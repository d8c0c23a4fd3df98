import fc from "fast-check";
import { expect, test } from "vitest";
import { bf16ToFloat } from "../bf16.ts";
import { tensor } from "../tensor.ts";
import { bf16Weights } from "./bf16-weights.ts";

const f32 = (...values: number[]) => tensor("f32", [values.length], Float32Array.of(...values));

test("ties go to the even neighbour: 1 + 2^-8 down to 1, 1 + 3 * 2^-8 up to 1 + 2^-6", () => {
  const { data } = bf16Weights("w", f32(1 + 2 ** -8, 1 + 3 * 2 ** -8));

  expect([...data].map(bf16ToFloat)).toEqual([1, 1 + 2 ** -6]);
});

test("every normal number stays within 2^-8 of its value, and a second rounding changes nothing", () => {
  const normal = fc.float({ noNaN: true, noDefaultInfinity: true, max: Math.fround(3e38), min: Math.fround(-3e38) });
  fc.assert(
    fc.property(
      normal.filter((x) => x === 0 || Math.abs(x) >= 2 ** -126),
      (x) => {
        const once = bf16ToFloat(bf16Weights("w", f32(x)).data[0]!);

        expect(Math.abs(once - x)).toBeLessThanOrEqual(Math.abs(x) * 2 ** -8);
        expect(bf16ToFloat(bf16Weights("w", f32(once)).data[0]!)).toBe(once);
      },
    ),
    { seed: 1, numRuns: 500 },
  );
});

test("NaN, infinity and what rounds to infinity are refused with their index", () => {
  const matrix = tensor("f32", [2, 3]);
  matrix.data[4] = Number.NaN;

  expect(() => bf16Weights("fc1", matrix)).toThrow("fc1: weight [1, 1] is NaN, expected a number");
  expect(() => bf16Weights("fc1", f32(0, Number.NEGATIVE_INFINITY))).toThrow("fc1: weight [1] is -Infinity");
  expect(() => bf16Weights("fc1", f32(3.4e38))).toThrow(/weight \[0\] is 3\.3999\d+e\+38, bfloat16 ends at/);
});
