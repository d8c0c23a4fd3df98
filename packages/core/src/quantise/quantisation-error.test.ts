import { expect, test } from "vitest";
import { tensor } from "../tensor.ts";
import { quantisationError, quantisationReport, quantisationReportText } from "./quantisation-error.ts";

const f32 = (shape: readonly number[], ...values: number[]) => tensor("f32", shape, Float32Array.from(values));

/** Normal noise by the sum of twelve uniform numbers of a linear congruential generator. */
function noise(inputs: number, outputs: number) {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const normal = () => Array.from({ length: 12 }, uniform).reduce((a, b) => a + b) - 6;
  return tensor("f32", [inputs, outputs], Float32Array.from({ length: inputs * outputs }, normal));
}

test("an error of a tenth of the signal is 20 dB, and the worst element has its index", () => {
  const reference = f32([2, 2], 3, 0, 4, 0);

  const { sqnrDb, maxAbsErr, at } = quantisationError(reference, [3, 0, 4, 0.5]);

  expect(sqnrDb).toBeCloseTo(20, 9);
  expect([maxAbsErr, at]).toEqual([0.5, "[1, 1]"]);
  expect(quantisationError(reference, reference.data).sqnrDb).toBeNull();
});

test("NaN is the worst error, and other sizes are refused", () => {
  expect(quantisationError(f32([3], 1, 2, 3), [1, Number.NaN, 4]).at).not.toBe("[0]");
  expect(quantisationError(f32([3], 1, 2, 3), [1, Number.NaN, 4]).sqnrDb).toBeNaN();
  expect(() => quantisationError(f32([2], 1, 2), [1])).toThrow("expected 2 elements, got 1");
});

test("normal noise: int8 errs as its steps say, groups less than channels, bfloat16 least", () => {
  const weights = noise(512, 8);
  // A step of most / 127 has errors of step^2 / 12 on average.
  const expectedDb = (groupSize: number) => {
    let [signal, error] = [0, 0];
    for (let o = 0; o < 8; o++) {
      for (let first = 0; first < 512; first += groupSize) {
        const group = Array.from({ length: groupSize }, (_, i) => weights.data[(first + i) * 8 + o]!);
        signal += group.reduce((sum, value) => sum + value * value, 0);
        error += (groupSize * (Math.max(...group.map(Math.abs)) / 127) ** 2) / 12;
      }
    }
    return 10 * Math.log10(signal / error);
  };

  const [bf16, int8, grouped] = quantisationReport(new Map([["w", weights]]));

  expect(Math.abs(int8!.sqnrDb! - expectedDb(512))).toBeLessThan(0.3);
  expect(Math.abs(grouped!.sqnrDb! - expectedDb(128))).toBeLessThan(0.3);
  expect(grouped!.sqnrDb!).toBeGreaterThan(int8!.sqnrDb!);
  // 2^-9.2 of the value as a root mean square: 55 dB.
  expect(Math.abs(bf16!.sqnrDb! - 20 * Math.log10(2 ** 9.2))).toBeLessThan(1);
  expect([bf16!.sizeBytes, int8!.sizeBytes, grouped!.sizeBytes]).toEqual([8192, 4096 + 32, 4096 + 128]);
});

test("a layer that a scheme does not take is refused by its name", () => {
  expect(() => quantisationReport(new Map([["conv", noise(80, 4)]]))).toThrow(
    "conv: groups of 128 do not divide 80 inputs",
  );
});

test("the text has a line for each layer and scheme", () => {
  const text = quantisationReportText(quantisationReport(new Map([["fc1", f32([1, 1], 1)]]), ["bf16", "int8"]));

  expect(text.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["layer", "weights", "size", "SQNR", "largest error"],
    ["fc1", "bf16", "2 B", "exact", "0.00e+0 at [0, 0]"],
    ["fc1", "int8", "5 B", expect.stringMatching(/dB|exact/), expect.stringContaining("at [0, 0]")],
  ]);
});
