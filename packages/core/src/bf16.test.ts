import fc from "fast-check";
import { expect, test } from "vitest";
import { bf16ToFloat, floatToBf16 } from "./bf16.ts";

test("every bf16 that is not NaN survives the way to float32 and back", () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    if (Number.isNaN(bf16ToFloat(bits))) continue;
    expect(floatToBf16(bf16ToFloat(bits))).toBe(bits);
  }
});

test("rounding goes to the nearer neighbour and to the even one on a tie", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0x7f7e }), fc.double({ min: 0, max: 1, noNaN: true }), (low, t) => {
      const a = bf16ToFloat(low);
      const b = bf16ToFloat(low + 1);
      const x = Math.fround(a + t * (b - a));
      const expected = x - a < b - x ? low : x - a > b - x ? low + 1 : low % 2 === 0 ? low : low + 1;
      expect(floatToBf16(x)).toBe(expected);
    }),
    { seed: 2, numRuns: 2000 },
  );
});

test("overflow becomes infinity, NaN stays NaN, the sign of zero is kept", () => {
  expect(bf16ToFloat(floatToBf16(3.4e38))).toBe(Number.POSITIVE_INFINITY);
  expect(bf16ToFloat(floatToBf16(Number.NaN))).toBeNaN();
  expect(floatToBf16(-0)).toBe(0x8000);
});
