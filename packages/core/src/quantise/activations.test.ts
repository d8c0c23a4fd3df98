import fc from "fast-check";
import { expect, test } from "vitest";
import { tensor } from "../tensor.ts";
import { activationScale, quantiseActivations } from "./activations.ts";

const f32 = (...values: number[]) => tensor("f32", [values.length], Float32Array.from(values));

test("a range of 127 has the scale 1 in 8 bits: 2.5 is 2, 3.5 is 4, -200 is -127 and counted", () => {
  const { values, saturated } = quantiseActivations(f32(2.5, 3.5, -200, 127.4), activationScale(127, 8), 8);

  expect(values.dtype).toBe("i8");
  expect([...values.data]).toEqual([2, 4, -127, 127]);
  expect(saturated).toBe(1);
});

test("16 bits: the end of the range is 32,767, and within it no value errs by more than half a scale", () => {
  const scale = activationScale(8, 16);
  fc.assert(
    fc.property(fc.float({ min: -8, max: 8, noNaN: true }), (value) => {
      const { values, saturated } = quantiseActivations(f32(value), scale, 16);

      // The end of the range may be 32,767 scales and a rounding of the scale.
      expect(Math.abs(values.data[0]! * scale - value)).toBeLessThanOrEqual(scale * (0.5 + 2 ** -8));
      expect(saturated).toBe(0);
    }),
    { seed: 1, numRuns: 300 },
  );
  expect(quantiseActivations(f32(8, -8), scale, 16).values.data).toEqual(Int16Array.of(32767, -32767));
});

test("a range that is no positive number is refused", () => {
  for (const range of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => activationScale(range, 8)).toThrow(`activations: expected a range above 0, got ${range}`);
  }
});
