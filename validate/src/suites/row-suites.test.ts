import { bf16ToFloat, floatToBf16, type Tensor, tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import { geluReference } from "../references/normal-distribution.ts";
import { layernormReference, rowStatistics, softmaxReference } from "../references/row-references.ts";
import { numbersOf } from "../signals/bf16-arrays.ts";
import { addSuite } from "./add-suite.ts";
import type { ArraySubject, ArraySuite, Arrays } from "./array-subject.ts";
import { geluSuite } from "./gelu-suite.ts";
import { layernormSuite } from "./layernorm-suite.ts";
import { softmaxSuite } from "./softmax-suite.ts";

/** Enough cases for noise of more than 1,000 elements and for patterns. */
const cases = 4;

interface Operation {
  readonly suite: ArraySuite;
  readonly compute: (inputs: Arrays) => Float64Array;
}

const columnsOf = ({ x }: Arrays) => x!.shape.at(-1)!;
const operations: Readonly<Record<string, Operation>> = {
  gelu: { suite: geluSuite, compute: ({ x }) => Float64Array.from(numbersOf(x!), geluReference) },
  softmax: { suite: softmaxSuite, compute: (inputs) => softmaxReference(numbersOf(inputs.x!), columnsOf(inputs)) },
  layernorm: {
    suite: layernormSuite,
    compute: (inputs) => {
      const { x, gamma, beta } = inputs;
      const factors = { gamma: numbersOf(gamma!), beta: numbersOf(beta!) };
      return layernormReference(numbersOf(x!), factors, rowStatistics(numbersOf(x!), columnsOf(inputs), 1e-5));
    },
  },
  add: {
    suite: addSuite,
    compute: ({ a, b }) => {
      const [left, right] = [numbersOf(a!), numbersOf(b!)];
      return left.map((value, i) => value + right[i % right.length]!);
    },
  },
};

const floorToBf16 = (value: number): number => {
  const nearest = floatToBf16(value);
  if (!(bf16ToFloat(nearest) > value)) return nearest;
  return nearest === 0 ? 0x8001 : nearest + (value < 0 ? 1 : -1);
};

interface Mistake {
  readonly narrow?: (value: number) => number;
  readonly inputs?: (inputs: Arrays) => Arrays;
  readonly output?: (y: Uint16Array<ArrayBuffer>, columns: number) => Uint16Array<ArrayBuffer>;
}

/** The operation in float64, rounded as the kernel should, with one mistake. */
function subject(
  name: string,
  { narrow = floatToBf16, inputs = (same) => same, output = (y) => y }: Mistake,
): ArraySubject {
  return {
    kernel: name,
    device: "float64",
    origin: "simulated",
    run: async (_, given) => {
      const shape = (given.x ?? given.a)!.shape;
      const y = Uint16Array.from(operations[name]!.compute(inputs(given)), narrow);
      return { y: tensor("bf16", shape, output(y, shape.at(-1)!)) };
    },
  };
}

const passes = async (name: string, mistake: Mistake) =>
  (await operations[name]!.suite(subject(name, mistake), { cases })).result.pass;

test.each(Object.keys(operations))("%s: float64, rounded to nearest once, passes", async (name) => {
  expect(await passes(name, {})).toBe(true);
});

test.each(Object.keys(operations))("%s: rounding by floor turns the suite red", async (name) => {
  expect(await passes(name, { narrow: floorToBf16 })).toBe(false);
});

test.each(Object.keys(operations))("%s: a stride that is one element too long turns the suite red", async (name) => {
  expect(await passes(name, { output: (y) => y.map((_, i) => y[i + 1] ?? 0) })).toBe(false);
});

test.each(Object.keys(operations))("%s: one wrong element of the last row turns the suite red", async (name) => {
  const output: Mistake["output"] = (y) => y.map((bits, i) => (i === y.length - 1 ? bits ^ 0x0100 : bits));

  expect(await passes(name, { output })).toBe(false);
});

test("layernorm: gamma and beta in each other's place turn the suite red", async () => {
  const inputs = ({ x, gamma, beta }: Arrays): Arrays => ({ x: x!, gamma: beta!, beta: gamma! });

  expect(await passes("layernorm", { inputs })).toBe(false);
});

test("softmax: rows of one column more turn the suite red", async () => {
  const inputs = ({ x }: Arrays): Arrays => {
    const [rows, columns] = x!.shape as [number, number];
    return { x: { ...(x as Tensor<"bf16">), shape: [rows, columns + 1] } };
  };

  expect(await passes("softmax", { inputs })).toBe(false);
});
