import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArgSpec, type Tensor, tensor } from "@aiekit/core";
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
