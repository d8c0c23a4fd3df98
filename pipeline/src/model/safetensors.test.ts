import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { floats, safetensors, testFolder, type WrittenTensor } from "./model-folder.test-support.ts";
import { openModelTensors } from "./model-tensors.ts";
import { repeatedKey } from "./repeated-key.ts";
import { parseSafetensorsHeader, safetensorsHeaderBytes } from "./safetensors-header.ts";

// Exact in all three types: at most 8 significant bits.
const values = [0, 1, -2.5, 0.15625, 96, -0.0078125];
const given = () => {
  let i = 0;
  return () => values[i++ % values.length]!;
};

async function opened(tensors: ReadonlyMap<string, WrittenTensor>) {
  const folder = await testFolder();
  await writeFile(join(folder, "a.safetensors"), safetensors(tensors));
  return openModelTensors(folder, ["a.safetensors"], []);
}

test.each(["F32", "F16", "BF16"] as const)(
  "arrays of %s come out as the float32 that they stand for",
  async (dtype) => {
    const tensors = await opened(
      new Map([
        ["first", floats("F32", [1], () => 7)],
        ["a", floats(dtype, [3, 2], given())],
      ]),
    );

    expect(await tensors.read("a")).toEqual({ dtype: "f32", shape: [3, 2], data: Float32Array.from(values) });
    expect((await tensors.read("a", { from: 1, count: 1 })).data).toEqual(Float32Array.of(-2.5, 0.15625));
    expect((await tensors.readBytes("first")).byteLength).toBe(4);
    await tensors.close();
  },
);

test("16-bit arrays longer than a piece of 1 MiB come out whole: element 600000 as the first", async () => {
  const long = floats("F16", [600_001], () => 1);
  new Uint16Array(long.bytes.buffer)[600_000] = 0x4200;
  const tensors = await opened(new Map([["long", long]]));

  const { data } = await tensors.read("long");
  expect([data[0], data[599_999], data[600_000]]).toEqual([1, 1, 3]);
  await tensors.close();
});

test("binary16: subnormals, infinities and not a number keep their values", async () => {
  const bytes = new Uint8Array(Uint16Array.of(0x0001, 0x83ff, 0x7c00, 0xfc00, 0x7e00, 0x7bff).buffer);
  const tensors = await opened(new Map([["a", { dtype: "F16", shape: [6], bytes }]]));

  const { data } = await tensors.read("a");
  expect([...data]).toEqual([2 ** -24, -1023 * 2 ** -24, Infinity, -Infinity, NaN, 65504]);
  await tensors.close();
});

test.each([
  [
    "an overlap",
    '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
    /b: overlaps the array before it/,
  ],
  [
    "a gap",
    '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[6,8]}}',
    /b: leaves a gap/,
  ],
  [
    "bytes that no array has",
    '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    /expected \d+ B after its header/,
  ],
  [
    "an array behind the end",
    '{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}',
    /is cut: get it again|got \d+ B/,
  ],
  [
    "a size other than the shape's",
    '{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}',
    /expected 12 B for F32\[3\], got 8/,
  ],
  [
    "a shape whose product overflows",
    '{"a":{"dtype":"F32","shape":[9007199254740991,9007199254740991,0.5],"data_offsets":[0,8]}}',
    /shape: expected/,
  ],
  [
    "offsets in the wrong order",
    '{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}',
    /data_offsets: expected begin and end/,
  ],
  [
    "a negative offset",
    '{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}',
    /data_offsets: expected begin and end/,
  ],
  ["an unknown type", '{"a":{"dtype":"F12","shape":[2],"data_offsets":[0,8]}}', /dtype: expected .*F16.*, got "F12"/],
  [
    "a name that comes twice",
    '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
    /a stands in it twice/,
  ],
  ["a list", "[1]", /expected a JSON object, got \[1\]/],
  ["half of a text", '{"a":', /no JSON in UTF-8/],
])("a header with %s is refused", (_, header, message) => {
  const json = new TextEncoder().encode(header);

  expect(() => parseSafetensorsHeader(json, 8 + json.byteLength + 8, "a.safetensors")).toThrow(message);
});

test("names are told twice by what they spell, in their own object, whatever stands in strings", () => {
  const long = "x".repeat(30_000_000);

  expect(repeatedKey('{"a":1,"b":{"a":"\\"a\\":","c":["b",{"b":2}]},"\\\\":"}{"}')).toBeUndefined();
  expect(repeatedKey('{"a":{"d":1, "d" :2}}')).toBe("d");
  expect(repeatedKey(`{"a":"${long}","b\\\\":"\\\\","b\\\\":2}`)).toBe("b\\");
});

test.each([
  ["2^63 bytes", 2n ** 63n],
  ["more than the file has", 93n],
  ["0 bytes", 0n],
])("a length of the header of %s is refused before anything is allocated", (_, length) => {
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, length, true);

  expect(() => safetensorsHeaderBytes(prefix, 100, "a.safetensors")).toThrow(/header: expected 2 to 92 B of JSON/);
  expect(() => safetensorsHeaderBytes(prefix.subarray(0, 3), 3, "a.safetensors")).toThrow(
    /expected 8 B of length, got 3 B/,
  );
});

test("an array in two files, a file that is missing and one that is cut are all told", async () => {
  const folder = await testFolder();
  const one = safetensors(new Map([["a", floats("F32", [2], () => 1)]]));
  await writeFile(join(folder, "a.safetensors"), one);
  await writeFile(join(folder, "b.safetensors"), one);
  await writeFile(join(folder, "c.safetensors"), one.subarray(0, -1));
  const problems: string[] = [];

  const names = ["a", "b", "c", "d"].map((name) => `${name}.safetensors`);
  await (await openModelTensors(folder, names, problems)).close();
  expect(problems).toEqual([
    "b.safetensors: a: a.safetensors has it too",
    expect.stringMatching(/^c.safetensors: expected \d+ B after its header, got \d+ B$/),
    "d.safetensors: missing",
  ]);
});
