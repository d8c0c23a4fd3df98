import { floatToBf16, tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import type { ArraySubject } from "./array-subject.ts";
import { transposeSuite } from "./transpose-suite.ts";

interface Mistakes {
  /** Where element (row, col) of x is looked for. */
  readonly place?: (row: number, col: number, cols: number) => number;
  readonly narrow?: (value: number) => number;
}

const truncated = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16;

function subject({ place = (row, col, cols) => row * cols + col, narrow = floatToBf16 }: Mistakes): ArraySubject {
  return {
    kernel: "transpose",
    device: "plain loops",
    origin: "simulated",
    run: async (_, { x }) => {
      const [rows, cols] = x!.shape as [number, number];
      const y = tensor("bf16", [cols, rows]);
      const values = x!.data as Float32Array;
      for (let col = 0; col < cols; col++) {
        for (let row = 0; row < rows; row++) {
          y.data[col * rows + row] = narrow(values[place(row, col, cols) % values.length]!);
        }
      }
      return { y };
    },
  };
}

const passes = async (mistakes: Mistakes) => (await transposeSuite(subject(mistakes))).result.pass;

test("plain loops, rounded to nearest, pass every case", async () => {
  expect(await passes({})).toBe(true);
});

test.each<[string, Mistakes]>([
  ["rows one element too far apart", { place: (row, col, cols) => row * (cols + 1) + col }],
  ["the array as it lies", { place: (row, col, cols) => (col * cols + row) % cols }],
  ["columns shifted by one", { place: (row, col, cols) => row * cols + col + 1 }],
  ["a rounding that truncates", { narrow: truncated }],
])("%s turns the suite red", async (_, mistakes) => {
  expect(await passes(mistakes)).toBe(false);
});
