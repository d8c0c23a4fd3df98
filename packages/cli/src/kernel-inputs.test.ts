import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArgSpec, tensor, writeNpy } from "@aiekit/core";
import { writeWav } from "@aiekit/pipeline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { assignInputs, readInputFiles } from "./kernel-inputs.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-cli-"));
  await writeFile(join(folder, "a.npy"), writeNpy(tensor("i32", [3], Int32Array.of(1, 2, 3))));
  await writeFile(join(folder, "b.npy"), writeNpy(tensor("f32", [1], Float32Array.of(0.5))));
  const channel = Int16Array.from({ length: 8000 }, (_, i) => 1000 * Math.sin(i / 10));
  await writeFile(join(folder, "speech.wav"), writeWav({ sampleRateHz: 8000, channels: [channel, channel] }));
});

afterAll(() => rm(folder, { recursive: true }));

const args = ["x", "y"].map((name): ArgSpec => ({ name, direction: "in", dtype: "i32", shape: [3], bytes: 12 }));
const read = (...inputs: { name?: string; path: string }[]) =>
  readInputFiles(
    inputs.map(({ name, path }) => ({ name, path })),
    folder,
  );

test("a stereo 8 kHz WAV file becomes 1 s of 16 kHz mono PCM, and the notes say so", async () => {
  const [file] = await read({ path: "speech.wav" });

  expect(file).toMatchObject({ audioSeconds: 1, value: { dtype: "i16", shape: [16000] } });
  expect(file!.notes.join()).toContain("speech.wav: stereo: averaged to mono");
  expect(file!.notes.join()).toContain("8 kHz: resampled to 16 kHz");
});

test("recordings are told from arrays by their content, whatever their names", async () => {
  const flac = await readFile(new URL("../../../pipeline/fixtures/tones.flac", import.meta.url));
  await writeFile(join(folder, "flac.bin"), flac);
  await writeFile(join(folder, "array.bin"), writeNpy(tensor("i32", [3], Int32Array.of(1, 2, 3))));

  const [sound, array] = await read({ path: "flac.bin" }, { path: "array.bin" });

  expect(sound).toMatchObject({ audioSeconds: 0.5, value: { dtype: "i16", shape: [8000] } });
  expect(sound!.notes[0]).toBe("flac.bin: decoded from FLAC");
  expect(array).toMatchObject({ audioSeconds: undefined, value: { dtype: "i32", shape: [3] } });
});

test("files go to the arguments that they name, and the others to what is left, in order", async () => {
  const files = await read({ path: "a.npy" }, { name: "x", path: "b.npy" });

  const tensors = assignInputs("add", args, files);

  expect([tensors.x?.dtype, tensors.y?.dtype]).toEqual(["f32", "i32"]);
});

test("sound goes to an input of int16 samples, and to no other", async () => {
  const [speech] = await read({ path: "speech.wav" });
  const pcm: ArgSpec = { name: "pcm", direction: "in", dtype: "i16", shape: [2800], bytes: 5600 };
  const frames: ArgSpec = { name: "in", direction: "in", dtype: "i16", shape: [16, 512], bytes: 16384 };

  expect(assignInputs("mel", [pcm], [speech!]).pcm?.shape).toEqual([16000]);
  expect(() => assignInputs("fft", [frames], [speech!])).toThrow(
    "speech.wav: a recording is for an input of samples, i16[n]; fft: input in is i16[16, 512]",
  );
});

test("too few, too many, unknown and repeated inputs are each refused by name", async () => {
  const [a, named] = await read({ path: "a.npy" }, { name: "z", path: "b.npy" });

  expect(() => assignInputs("add", args, [a!])).toThrow("add: input y is missing");
  expect(() => assignInputs("add", args, [a!, a!, a!])).toThrow("add: expected 2 input(s) (x, y), got 3");
  expect(() => assignInputs("add", args, [named!])).toThrow("add: there is no input z: expected x, y");
  const x = { ...a!, name: "x" };
  expect(() => assignInputs("add", args, [x, x])).toThrow("add: input x is given twice");
});

test("float arrays are rounded to the bfloat16 of the argument, ties to even, and the note says so", async () => {
  const [b] = await read({ path: "b.npy" });
  const notes: string[] = [];
  const arg: ArgSpec = { name: "x", direction: "in", dtype: "bf16", shape: [1], bytes: 2 };

  const { x } = assignInputs("gelu", [arg], [{ ...b!, value: tensor("f64", [1], Float64Array.of(1 + 2 ** -8)) }], (n) =>
    notes.push(n),
  );

  expect(x).toEqual(tensor("bf16", [1], Uint16Array.of(0x3f80)));
  expect(notes).toEqual(["b.npy: f64 rounded to bf16"]);
});
