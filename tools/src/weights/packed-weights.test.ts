import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArgSpec, bf16Conv1dArrays, bf16ToFloat, type Tensor, tensor } from "@aiekit/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type PackedWeightsRequest, packedWeights } from "./packed-weights.ts";

let cacheRoot: string;
let made: number;
beforeEach(async () => {
  cacheRoot = await mkdtemp(join(tmpdir(), "aiekit-weights-"));
  made = 0;
});
afterEach(() => rm(cacheRoot, { recursive: true }));

const b: ArgSpec = { name: "b", direction: "in", dtype: "i8", shape: [2, 3], padded: [4, 4], bytes: 16 };
const c: ArgSpec = { name: "c", direction: "out", dtype: "i8", shape: [2, 3], bytes: 6 };
const values = tensor("i8", [2, 3], Int8Array.of(1, 2, 3, 4, 5, 6));
const source = tensor("f32", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));

const pack = (change: Partial<PackedWeightsRequest> = {}, arrays: Readonly<Record<string, Tensor>> = { b: values }) =>
  packedWeights({
    cacheRoot,
    sequence: { name: "product", args: [b, c] },
    sources: { weights: source },
    scheme: "int8",
    make: () => {
      made++;
      return arrays;
    },
    ...change,
  });

test("rows of 3 values stand in a buffer of 4 x 4 with zeros around them", async () => {
  const packed = await pack();

  expect([...packed.keys()]).toEqual(["b"]);
  expect([...packed.get("b")!]).toEqual([1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test("weights of a convolution [outputs, inputs, taps] are packed once into [taps, inputs, outputs] with whole blocks", async () => {
  // Output, input and tap are the digits.
  const weights = tensor("f32", [1, 2, 3], Float32Array.of(111, 112, 113, 121, 122, 123));
  const args: ArgSpec[] = [
    { name: "weights", direction: "in", dtype: "bf16", shape: [3, 2, 1], padded: [3, 4, 2], bytes: 48 },
    { name: "channels", direction: "in", dtype: "i32", shape: [4, 1], bytes: 16 },
  ];
  const bias = tensor("f32", [1], Float32Array.of(1));
  const request = { cacheRoot, sequence: { name: "conv1", args }, sources: { weights, bias }, scheme: "bf16" };
  let turns = 0;
  const make = () => {
    turns++;
    const { weights: turned, channels } = bf16Conv1dArrays("conv1", { weights, bias });
    return { weights: turned, channels };
  };

  await packedWeights({ ...request, make });
  const packed = await packedWeights({ ...request, make });

  const values = Array.from(new Uint16Array(new Uint8Array(packed.get("weights")!).buffer), bf16ToFloat);
  expect(values).toEqual([111, 0, 121, 0, 0, 0, 0, 0, 112, 0, 122, 0, 0, 0, 0, 0, 113, 0, 123, 0, 0, 0, 0, 0]);
  expect(turns).toBe(1);
});

test("the same weights, scheme and layout are packed once", async () => {
  const first = await pack();
  const second = await pack({ sources: { weights: tensor("f32", [2, 3], source.data.slice()) } });

  expect(made).toBe(1);
  expect([...second.get("b")!]).toEqual([...first.get("b")!]);
});

test.each<[string, Partial<PackedWeightsRequest>]>([
  ["one weight", { sources: { weights: tensor("f32", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 7)) } }],
  ["the shape", { sources: { weights: tensor("f32", [3, 2], source.data) } }],
  ["the name", { sources: { other: source } }],
  ["the scheme", { scheme: "int8 with another scale" }],
  ["the buffer", { sequence: { name: "product", args: [{ ...b, padded: [2, 4], bytes: 8 }, c] } }],
])("%s changed: packed again", async (_, change) => {
  await pack();
  await pack(change);

  expect(made).toBe(2);
});

test("a damaged entry is packed again and replaced", async () => {
  await pack();
  const folder = join(cacheRoot, "weights");
  const [entry] = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
  const path = join(entry!.parentPath, entry!.name);
  const bytes = await readFile(path);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(path, bytes);

  expect((await pack()).get("b")![4]).toBe(4);
  expect(made).toBe(2);
  await pack();
  expect(made).toBe(2);
});

test("an array that is not the argument's is refused, and nothing is kept", async () => {
  await expect(pack({}, { b: tensor("i8", [3, 2], values.data) })).rejects.toThrow(
    "product: b: expected i8[2, 3], got i8[3, 2]",
  );
  await expect(pack({}, { c: values })).rejects.toThrow("product: c is no input: expected one of b");
  await expect(readdir(join(cacheRoot, "weights"))).rejects.toThrow("ENOENT");
});
