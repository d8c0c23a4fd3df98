import fc from "fast-check";
import { expect, test } from "vitest";
import { tensor } from "../tensor.ts";
import { int8Weights } from "./int8-weights.ts";
import { bf16ByInt8MatmulArrays, bf16MatmulArrays, int8MatmulArrays } from "./matmul-arrays.ts";

const f32 = (shape: readonly number[], ...values: number[]) => tensor("f32", shape, Float32Array.from(values));

test("bfloat16: a bias is the bits of a float32 in the first of the four words of its column", () => {
  const { b, channels } = bf16MatmulArrays("fc2", { weights: f32([1, 2], 1, -0.5), bias: f32([2], 1.5, -2) });

  expect(b.data).toEqual(Uint16Array.of(0x3f80, 0xbf00));
  expect([...channels.data]).toEqual([0x3fc00000, 0xc0000000 | 0, 0, 0, 0, 0, 0, 0]);
});

test("bfloat16 x int8: int8 with a scale for each column, whose bits stand behind those of the bias", () => {
  const linear = { weights: f32([2, 2], 127, -2, 63.5, 254), bias: f32([2], 1.5, -2) };

  const { b, channels } = bf16ByInt8MatmulArrays("fc2", linear);

  expect([...b.data]).toEqual([127, -1, 64, 127]);
  expect([...channels.data]).toEqual([0x3fc00000, 0xc0000000 | 0, 0x3f800000, 0x40000000, 0, 0, 0, 0]);
  expect(() => bf16ByInt8MatmulArrays("fc2", { ...linear, weights: f32([1, 2], 0, 1) })).toThrow(/fc2/);
});

test("known words: scales 2 and 1, input 0.5, output 4 give 1/4 and 1/8, bias 3 becomes 3 and 6 steps", () => {
  const weights = int8Weights("w", f32([1, 2], 254, 127));

  const { channels, worstMultiplierError } = int8MatmulArrays("w", {
    weights,
    bias: f32([2], 3, 3),
    inputScale: 0.5,
    outputScale: 4,
  });

  // The largest shift that keeps 1/4 below 2^31 is 32.
  expect([...channels.data]).toEqual([3, 6, 2 ** 30, 2 ** 29, 32, 32, 0, 0]);
  expect(worstMultiplierError).toBe(0);
});

test("bfloat16 out: the scale of a column is the bits of weight scale times input scale", () => {
  const weights = int8Weights("w", f32([1, 1], 254));

  const { channels } = int8MatmulArrays("w", { weights, bias: f32([1], 0), inputScale: 0.25 });

  expect(channels.data[1]).toBe(0x3f000000);
});

test("the integers that the kernel's formula makes are the real results within half a step and the errors of the scales", () => {
  const numbers = fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(
      numbers,
      fc.double({ min: 1e-3, max: 0.1, noNaN: true }),
      fc.integer({ min: -20000, max: 20000 }),
      (w, inputScale, sum) => {
        fc.pre([0, 1].every((o) => Math.max(...w.filter((_, i) => i % 2 === o).map(Math.abs)) > 0.1));
        const weights = int8Weights("w", f32([3, 2], ...w));
        const bias = f32([2], 0.5, -0.25);
        const outputScale = 0.1;
        const { channels } = int8MatmulArrays("w", { weights, bias, inputScale, outputScale });
        for (const column of [0, 1]) {
          const [word, multiplier, shift] = [0, 2, 4].map((row) => channels.data[row + column]!) as [
            number,
            number,
            number,
          ];
          const scaled = (BigInt(sum + word) * BigInt(multiplier)) << 1n;
          const integer = Number((scaled + (1n << BigInt(shift))) >> BigInt(shift + 1));
          const real = (sum * inputScale * weights.scales.data[column]! + bias.data[column]!) / outputScale;

          // Half a step of the result, half a step of the bias, 2^-9 of a multiplier at its smallest.
          const step = (inputScale * weights.scales.data[column]!) / outputScale;
          expect(Math.abs(integer - real)).toBeLessThanOrEqual(0.5 + step / 2 + Math.abs(real) * 2 ** -9 + 1e-6);
        }
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

test("what the kernel has no place for is refused: groups, scales too far apart, a bias beside tiny weights, wrong sizes", () => {
  const weights = int8Weights("w", f32([2, 2], 1, 1, 1, 1));
  const grouped = int8Weights("w", f32([2, 1], 1, 1), { groupSize: 1 });
  const apart = int8Weights("w", f32([1, 2], 1, 1e-9));
  const base = { inputScale: 1, outputScale: 1 };

  expect(() => int8MatmulArrays("w", { ...base, weights: grouped, bias: f32([1], 0) })).toThrow(
    "w: weights in groups of 1",
  );
  expect(() => int8MatmulArrays("w", { ...base, weights: apart, bias: f32([2], 0, 0) })).toThrow(
    /column 1 has the multiplier \d+, less than 256: its scale is too far below the largest/,
  );
  expect(() => int8MatmulArrays("w", { ...base, weights, bias: f32([2], 0, 1e9) })).toThrow(
    /bias of column 1 is \d+ in steps of the product, at most 2147451389 fit/,
  );
  expect(() => int8MatmulArrays("w", { ...base, weights, bias: f32([3], 0, 0, 0) })).toThrow(
    "bias: expected f32[2], got f32[3]",
  );
  expect(() => int8MatmulArrays("w", { ...base, weights, bias: f32([2], 0, 0), inputScale: 0 })).toThrow(
    /expected scales above 0/,
  );
  expect(() => bf16MatmulArrays("w", { weights: f32([1, 1], 1), bias: f32([1], Number.NaN) })).toThrow(
    "w: bias: weight [0] is NaN",
  );
});

test("W8A16, bfloat16 out: the shift that keeps every sum within 32 bits, and the scale that makes up for it", () => {
  // 1,536 products of 127 and 2^15 are 2^32.6.
  const values = Float32Array.from({ length: 1536 }, (_, i) => (i === 0 ? 127 : 1));
  const weights = int8Weights("w", f32([1536, 1], ...values));

  const { channels } = int8MatmulArrays("w", { weights, bias: f32([1], 5), inputScale: 0.5, inputBits: 16 });

  expect([...channels.data]).toEqual([10, 0x40000000, 2, 0]);
  expect(int8MatmulArrays("w", { weights, bias: f32([1], 5), inputScale: 0.5 }).channels.data[2]).toBe(0);
});

test("W8A16, int16 out: sums beyond 32 bits that would be results within int16 are refused", () => {
  const weights = int8Weights("w", f32([1536, 1], ...new Float32Array(1536).fill(127)));
  const arrays = (outputScale: number) =>
    int8MatmulArrays("w", { weights, bias: f32([1], 0), inputScale: 1, inputBits: 16, outputScale });

  expect(() => arrays(2 ** 17)).toThrow(/w: column 0: sums beyond 32 bits would be results within int16/);
  expect(arrays(2 ** 15).channels.data[1]).toBe(2 ** 30);
});
