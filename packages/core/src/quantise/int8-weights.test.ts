import fc from "fast-check";
import { expect, test } from "vitest";
import { ShapeError } from "../errors.ts";
import { type Tensor, tensor } from "../tensor.ts";
import { dequantiseInt8, int8Weights, roundHalfEven } from "./int8-weights.ts";

const matrix = (inputs: number, outputs: number, ...values: number[]) =>
  tensor("f32", [inputs, outputs], Float32Array.from(values));

/** Matrices of up to 12 x 5 whose magnitudes span 2^-40 to 2^40, none zero. */
const matrices: fc.Arbitrary<Tensor<"f32">> = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 }))
  .chain(([inputs, outputs]) =>
    fc
      .array(fc.tuple(fc.double({ min: 1, max: 2, noNaN: true }), fc.integer({ min: -40, max: 40 }), fc.boolean()), {
        minLength: inputs * outputs,
        maxLength: inputs * outputs,
      })
      .map((parts) => matrix(inputs, outputs, ...parts.map(([m, e, minus]) => (minus ? -m : m) * 2 ** e))),
  );
const check = (property: (weights: Tensor<"f32">) => void) =>
  fc.assert(fc.property(matrices, property), { seed: 1, numRuns: 300 });
const scaleOf = ({ scales }: { scales: Tensor<"f32"> }, at: number) => scales.data[at % scales.data.length]!;

test("known values: (254, -127, 3) become (127, -64, 2) of 2: -63.5 and 1.5 go to the even side", () => {
  const { values, scales } = int8Weights("w", matrix(3, 1, 254, -127, 3));

  expect(scales.data[0]).toBe(2);
  expect([...values.data]).toEqual([127, -64, 2]);
});

test("each output channel has its own scale: columns of (127, 1) and (1, 254) get the scales 1 and 2", () => {
  const { values, scales } = int8Weights("w", matrix(2, 2, 127, 1, 1, 254));

  expect([...scales.data]).toEqual([1, 2]);
  expect([...values.data]).toEqual([127, 0, 1, 127]);
});

test("groups of 128 inputs have scales of their own; the second group does not feel the first", () => {
  const data = Float32Array.from({ length: 256 }, (_, i) => (i < 128 ? 1000 : 1));

  const grouped = int8Weights("w", tensor("f32", [256, 1], data), { groupSize: 128 });
  const whole = int8Weights("w", tensor("f32", [256, 1], data));

  expect(grouped.scales.shape).toEqual([2, 1]);
  expect([grouped.values.data[0], grouped.values.data[255]]).toEqual([127, 127]);
  expect([whole.values.data[0], whole.values.data[255]]).toEqual([127, 0]);
});

test("no dequantised weight is further than half a scale from the weight", () => {
  check((weights) => {
    const quantised = int8Weights("w", weights);
    const back = dequantiseInt8(quantised);
    const columns = weights.shape[1]!;
    weights.data.forEach((weight, at) => {
      const half = scaleOf(quantised, at % columns) / 2;
      // 127 scales are rounded to float32: 2^-24 of them, 2^-16 of half a scale.
      expect(Math.abs(back.data[at]! - weight)).toBeLessThanOrEqual(half * (1 + 2 ** -16));
    });
  });
});

test("the largest weight of a channel is 127 or -127, and -128 never occurs", () => {
  check((weights) => {
    const { values } = int8Weights("w", weights);
    const columns = weights.shape[1]!;
    for (let o = 0; o < columns; o++) {
      const channel = values.data.filter((_, at) => at % columns === o);
      expect(Math.max(...channel.map(Math.abs))).toBe(127);
    }
    expect(values.data).not.toContain(-128);
  });
});

test("symmetric: the negative of a matrix has the negative values and the same scales", () => {
  check((weights) => {
    const [plus, minus] = [
      weights,
      tensor(
        "f32",
        weights.shape,
        weights.data.map((v) => -v),
      ),
    ].map((w) => int8Weights("w", w));

    expect([...minus!.values.data]).toEqual([...plus!.values.data].map((v) => (v === 0 ? 0 : -v)));
    expect(minus!.scales).toEqual(plus!.scales);
  });
});

test("idempotent: what was dequantised quantises to the same values, scales within one last place", () => {
  check((weights) => {
    const once = int8Weights("w", weights);
    const twice = int8Weights("w", dequantiseInt8(once));

    expect(twice.values).toEqual(once.values);
    once.scales.data.forEach((scale, i) => {
      expect(Math.abs(twice.scales.data[i]! / scale - 1)).toBeLessThanOrEqual(2 ** -22);
    });
  });
});

test("halves go to the even neighbour, everything else to the nearest, both signs alike", () => {
  const pairs = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.4999999999999999, 126.5, 2.51].map((v) => roundHalfEven(v) + 0);

  expect(pairs).toEqual([-2, -2, 0, 0, 2, 2, 0, 126, 3]);
});

test("a weight that is no number, a channel of zeros and one too small to scale are refused by their place", () => {
  const damaged = matrix(2, 2, 1, 2, Number.POSITIVE_INFINITY, 4);

  expect(() => int8Weights("fc1", damaged)).toThrow("fc1: weight [1, 0] is Infinity, expected a number");
  expect(() => int8Weights("fc1", matrix(2, 2, 1, 0, 2, 0))).toThrow(
    "fc1: output channel 1 has only zeros: there is no scale for it",
  );
  expect(() => int8Weights("fc1", matrix(2, 1, 0, 1), { groupSize: 1 })).toThrow(
    "group 0 of output channel 0 has only zeros",
  );
  expect(() => int8Weights("fc1", matrix(1, 1, 1e-40))).toThrow(/output channel 0 has no weight above 9\.99\d*e-41/);
});

test("a group size that does not divide the inputs is refused with the nearest that does", () => {
  const error = (() => {
    try {
      int8Weights("fc1", tensor("f32", [384, 1]), { groupSize: 100 });
    } catch (thrown) {
      return thrown as ShapeError;
    }
    return undefined;
  })();

  expect(error).toBeInstanceOf(ShapeError);
  expect(error?.message).toBe("fc1: groups of 100 do not divide 384 inputs");
  expect(error?.hint).toBe("nearest group size: 96");
  expect(() => int8Weights("fc1", tensor("f32", [384]))).toThrow(
    "fc1: expected a matrix [inputs, outputs], got f32[384]",
  );
});
