import { expect, test } from "vitest";
import { type ChainKernel, type ChainStep, planChain } from "./chain-plan.ts";
import { type LoopbackSequence, loopbackManifest, objectWords } from "./loopback-chain.test-support.ts";

const kernel = (...sequences: LoopbackSequence[]): ChainKernel => {
  const { manifest, files } = loopbackManifest(sequences);
  return { manifest, insts: (name) => files.get(`${name}.bin`)! };
};
const two = kernel({ name: "two", rows: 2 });
const step = (name: string, from: string, to: string, kernelName = "a"): ChainStep => ({
  name,
  kernel: kernelName,
  sequence: "two",
  args: { in: from, out: to },
});
const plan = (steps: readonly ChainStep[], kernels: Record<string, ChainKernel> = { a: two, b: two, c: two }) =>
  planChain({ steps, kernels: new Map(Object.entries(kernels)), generation: "npu1" });

test("neighbours of one kernel share a runlist; a runlist never spans two contexts", () => {
  const found = plan([step("1", "x", "p"), step("2", "p", "q", "b"), step("3", "q", "r", "b"), step("4", "r", "y")]);

  expect(found.runlists).toEqual([
    { kernel: "a", steps: ["1"] },
    { kernel: "b", steps: ["2", "3"] },
    { kernel: "a", steps: ["4"] },
  ]);
  expect(found.contexts).toEqual(["a", "b"]);
  expect(found.contextSwitches).toBe(2);
});

test("a chain in one context never switches; with two it also switches back for the next pass", () => {
  expect(plan([step("1", "x", "p"), step("2", "p", "y")]).contextSwitches).toBe(0);
  expect(plan([step("1", "x", "p"), step("2", "p", "y", "b")]).contextSwitches).toBe(2);
});

test("bytes of a launch come from its instruction stream: 2 objects of 256 bytes each way", () => {
  const [only] = plan([step("1", "x", "y")]).steps;

  expect(only).toMatchObject({ bytesToArray: 512, bytesFromArray: 512 });
});

test("an array is an input when it is read before a step writes it, and its buffer has the rows of its largest user", () => {
  const four = kernel({ name: "two", rows: 2, bufferRows: 4 });

  const { arrays } = plan([step("1", "x", "h"), step("2", "h", "y", "b")], { a: two, b: four });

  expect(arrays.map(({ name, isInput, padded, sizeBytes }) => ({ name, isInput, padded, sizeBytes }))).toEqual([
    { name: "x", isInput: true, padded: [2, objectWords], sizeBytes: 512 },
    { name: "h", isInput: false, padded: [4, objectWords], sizeBytes: 1024 },
    { name: "y", isInput: false, padded: [4, objectWords], sizeBytes: 1024 },
  ]);
});

test("an array that two steps see with different shapes is refused with both", () => {
  const three = kernel({ name: "two", rows: 3 });

  expect(() => plan([step("1", "x", "h"), step("2", "h", "y", "b")], { a: two, b: three })).toThrow(
    "chain: array h: 2.in: expected i32[3, 64] in a buffer of 3 rows of [64] or more, got i32[2, 64] in [3, 64] (1.out)",
  );
});

test("an array whose rows lie further apart for one step than for the other is refused", () => {
  const wide = kernel({ name: "two", rows: 2 });
  const [sequence] = wide.manifest.sequences;
  const args = sequence!.args.map((arg) => ({ ...arg, padded: [2, 128], bytes: 1024 }));
  const manifest = { ...wide.manifest, sequences: [{ ...sequence!, args }] };

  expect(() => plan([step("1", "x", "h"), step("2", "h", "y", "b")], { a: two, b: { ...wide, manifest } })).toThrow(
    /array h: 2\.in: expected .* 2 rows of \[128\] or more, got .* in \[2, 64\]/,
  );
});

test("rows of zeros that a step counts on have to be in the array that it is given", () => {
  const between = (arg: number, margin: { before: number; after: number }): ChainKernel => {
    const { manifest } = two;
    const [sequence] = manifest.sequences;
    const args = sequence!.args.map((one, i) =>
      i === arg ? { ...one, padded: [4, objectWords], bytes: 1024, margin } : one,
    );
    return { ...two, manifest: { ...manifest, sequences: [{ ...sequence!, args }] } };
  };
  const steps = [step("1", "x", "h"), step("2", "h", "y", "b")];
  const [gives, takes] = [between(1, { before: 1, after: 1 }), between(0, { before: 1, after: 0 })];

  const { arrays } = plan(steps, { a: gives, b: takes });

  expect(arrays[1]).toMatchObject({ name: "h", padded: [4, objectWords], margin: { before: 1, after: 1 } });
  expect(() => plan(steps, { a: two, b: takes })).toThrow(
    "array h: 2.in: expected an array with 1 rows of zeros before it and 0 behind, got one with 0 rows of zeros before it and 0 behind (1.out)",
  );
  expect(() => plan(steps, { a: between(1, { before: 1, after: 0 }), b: between(0, { before: 1, after: 1 }) })).toThrow(
    /expected an array with 1 rows of zeros before it and 1 behind/,
  );
});

test("seven kernels are refused on npu1, which has 6 contexts, and planned on npu2, which has 16", () => {
  const names = ["a", "b", "c", "d", "e", "f", "g"];
  const kernels = new Map(names.map((name) => [name, two]));
  const steps = names.map((name, i) => step(name, `x${i}`, `x${i + 1}`, name));

  expect(() => planChain({ steps, kernels, generation: "npu1" })).toThrow(
    "chain: 7 kernels need as many hardware contexts, npu1 has 6: a, b, c, d, e, f, g",
  );
  expect(planChain({ steps, kernels, generation: "npu2" }).contexts).toHaveLength(7);
  expect(planChain({ steps: steps.slice(0, 6), kernels, generation: "npu1" }).contexts).toHaveLength(6);
});

test.each<[string, readonly ChainStep[], RegExp]>([
  ["no step", [], /expected at least one step/],
  ["two steps of one name", [step("1", "x", "h"), step("1", "h", "y")], /two steps are called 1/],
  ["an unknown kernel", [step("1", "x", "y", "z")], /step 1: there is no kernel z: expected a, b, c/],
  ["an unknown sequence", [{ ...step("1", "x", "y"), sequence: "six" }], /a has no sequence six: expected two/],
  ["a missing argument", [{ ...step("1", "x", "y"), args: { in: "x" } }], /expected the arguments in, out, got in/],
  ["an unknown one", [{ ...step("1", "x", "y"), args: { in: "x", out: "y", z: "z" } }], /in, out, got in, out, z/],
  ["an output that is also the input", [step("1", "x", "x")], /step 1: out and in are both x, and out is written/],
])("%s is refused", (_, steps, message) => {
  expect(() => plan(steps)).toThrow(message);
});
