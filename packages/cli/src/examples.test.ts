import type { ExampleName } from "@aiekit/mlir";
import { WasmClang } from "@aiekit/wasm-clang";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LoadedExample, loadExample } from "./examples.test-support.ts";

const minute = 60_000;
let clang: WasmClang;
beforeAll(async () => {
  clang = await WasmClang.open();
}, minute);
afterAll(() => clang.close());

/** `count` numbers of which no two are equal. */
const ramp = (count: number, from = 1): Int32Array => Int32Array.from({ length: count }, (_, i) => from + 7 * i);

async function withExample(name: ExampleName, use: (example: LoadedExample) => Promise<void>): Promise<void> {
  const example = await loadExample(name, clang);
  try {
    await use(example);
  } finally {
    await example.close();
  }
}

const sameShape = [
  { name: "passthrough", expected: (x: number) => x },
  { name: "tasks", expected: (x: number) => x },
  { name: "scale", expected: (x: number) => 3 * x },
  { name: "neighbours", expected: (x: number) => 3 * x + 3 * x },
  { name: "split-and-join", expected: (x: number, i: number) => (i % 128 < 64 ? 2 * x : 3 * x) },
] as const;

test.each(sameShape)("$name gives in 1,024 words what its page says, in each of two launches", ({ name, expected }) =>
  withExample(name, async ({ launch }) => {
    for (const from of [1, -5000]) {
      const [input, output] = [ramp(1024, from), new Int32Array(1024)];
      await launch("run", input, output);
      expect(output).toEqual(input.map(expected));
    }
  }),
);

test("reverse: word i of an object is word 63 - i of what was sent", () =>
  withExample("reverse", async ({ launch }) => {
    const [input, output] = [ramp(1024), new Int32Array(1024)];
    await launch("run", input, output);
    expect(output).toEqual(input.map((_, i) => input[i - (i % 64) + 63 - (i % 64)] ?? 0));
  }));

test("add: word i of the sum is a[i] + b[i]", () =>
  withExample("add", async ({ launch }) => {
    const [a, b, sum] = [ramp(1024), ramp(1024, 900_000), new Int32Array(1024)];
    await launch("run", a, b, sum);
    expect(sum).toEqual(a.map((x, i) => x + (b[i] ?? 0)));
  }));

test("broadcast: one transfer feeds two cores, which give 2 x and 10 x", () =>
  withExample("broadcast", async ({ launch }) => {
    const [input, twice, tenfold] = [ramp(1024), new Int32Array(1024), new Int32Array(1024)];
    await launch("run", input, twice, tenfold);
    expect(twice).toEqual(input.map((x) => 2 * x));
    expect(tenfold).toEqual(input.map((x) => 10 * x));
  }));

test("transpose: word (c, r) of each 8 x 16 matrix is word (r, c) of the 16 x 8 one", () =>
  withExample("transpose", async ({ launch }) => {
    const [input, output] = [ramp(4 * 128), new Int32Array(4 * 128)];
    await launch("run", input, output);
    for (let m = 0; m < 4; m++)
      for (let c = 0; c < 8; c++)
        for (let r = 0; r < 16; r++) expect(output[m * 128 + c * 16 + r]).toBe(input[m * 128 + r * 8 + c]);
  }));

test("window: row r of the output is the sum of rows r, r + 1 and r + 2, and a launch leaves no row behind", () =>
  withExample("window", async ({ launch }) => {
    for (const from of [1, 70_000]) {
      const [input, output] = [ramp(10 * 64, from), new Int32Array(8 * 64)];
      await launch("run", input, output);
      const sum = (_: number, i: number): number => [0, 64, 128].reduce((s, d) => s + (input[i + d] ?? 0), 0);
      expect(output).toEqual(output.map(sum));
    }
  }));

test.each(["kept-weights", "repeated-weights"] as const)("%s: 16 rows meet the same weights, of each launch", (name) =>
  withExample(name, async ({ launch }) => {
    for (const from of [5, 1_000_000]) {
      const [weights, input, output] = [ramp(64, from), ramp(16 * 64), new Int32Array(16 * 64)];
      await launch("run", weights, input, output);
      expect(output).toEqual(input.map((x, i) => x + (weights[i % 64] ?? 0)));
    }
  }),
);

test("overlapping-frames: frame f holds 3 times the words 32 f to 32 f + 63", () =>
  withExample("overlapping-frames", async ({ launch }) => {
    const [input, output] = [ramp(14 * 32 + 64), new Int32Array(15 * 64)];
    await launch("run", input, output);
    expect(output).toEqual(output.map((_, i) => 3 * (input[32 * Math.floor(i / 64) + (i % 64)] ?? 0)));
  }));

test("several-sequences: launches of 64 and of 1,024 words take turns on one configuration", () =>
  withExample("several-sequences", async ({ launch }) => {
    for (const words of [64, 1024, 64]) {
      const [input, output] = [ramp(words, words), new Int32Array(words)];
      await launch(`words_${words}`, input, output);
      expect(output).toEqual(input.map((x) => 3 * x));
    }
  }));

test("run-time-parameter: each launch multiplies by the factor that its sequence wrote", () =>
  withExample("run-time-parameter", async ({ launch }) => {
    for (const by of [3, 7, 3]) {
      const [input, output] = [ramp(1024, by), new Int32Array(1024)];
      await launch(`by_${by}`, input, output);
      expect(output).toEqual(input.map((x) => by * x));
    }
  }));
