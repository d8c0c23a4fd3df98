import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeWav } from "@aiekit/pipeline";
import { afterAll, expect, test } from "vitest";
import { tinyModel, writeFiles } from "../models/tiny-model.test-support.ts";
import { lines, model, noOnnxRuntime, transcribeFolder } from "./transcribe.test-support.ts";

const { folder, transcribe, remove } = await transcribeFolder();
afterAll(remove);

test("--exported: a folder without safetensors needs its graphs and cpu, and an export has its own precision", async ({
  skip,
}) => {
  if (noOnnxRuntime !== undefined) skip(noOnnxRuntime);
  const rest = tinyModel();
  rest.delete("model.safetensors");
  await writeFiles(join(folder, "exported"), rest);
  const refused = async (more: readonly string[]) => {
    const { code, stderr } = await transcribe(["a.wav", "--model", "exported", ...more]);
    return [code, lines(stderr).find((line) => line.startsWith("error: "))];
  };

  expect(await refused(["--device", "cpu", "--exported"])).toEqual([
    3,
    expect.stringMatching(/missing: .*encoder_model.onnx/),
  ]);
  expect(await refused(["--device", "cpu", "--exported=_quantized"])).toEqual([
    3,
    expect.stringContaining("encoder_model_quantized.onnx"),
  ]);
  expect(await refused(["--device", "cpu", "--exported", "--precision", "int8"])).toEqual([
    2,
    expect.stringContaining("an export has its own"),
  ]);
  expect(await refused(["--device", "reference", "--exported"])).toEqual([
    2,
    expect.stringContaining("reference needs model.safetensors"),
  ]);
  expect(await refused(["--device", "cpu"])).toEqual([3, expect.stringContaining("problem(s)")]);
});

const float = (value: number) => {
  const bytes = Buffer.from(writeWav({ sampleRateHz: 16_000, channels: [new Int16Array(800)] }));
  bytes.writeUInt16LE(3, 20);
  bytes.writeUInt16LE(32, 34);
  bytes.writeUInt32LE(64_000, 28);
  bytes.writeUInt16LE(4, 32);
  for (let at = 44; at + 4 <= bytes.length; at += 4) bytes.writeFloatLE(value, at);
  return bytes;
};
const flac = readFileSync(new URL("../../../../pipeline/fixtures/tones.flac", import.meta.url));
const silence = writeWav({ sampleRateHz: 16_000, channels: [new Int16Array(600 * 16_000)] });
const oneSample = writeWav({ sampleRateHz: 16_000, channels: [Int16Array.of(9)] });

test.each<[string, string, Uint8Array | string, number, string]>([
  ["an empty file", "x.wav", "", 3, "x.wav: expected a recording, got an empty file"],
  ["one sample", "x.wav", oneSample, 0, "x.wav: 0.00 s of sound, no speech"],
  [
    "NaN",
    "x.wav",
    float(Number.NaN),
    3,
    "x.wav: sample 0 (0.0000 s) of channel 0: expected a number from -1 to 1, got NaN",
  ],
  ["ten minutes of silence", "x.wav", silence, 0, "x.wav: 600.00 s of sound, no speech, no language"],
  ["a wrong ending", "x.mp3", flac, 0, "note: the name says .mp3, the content is FLAC: read as that"],
  ["a FLAC file cut off", "x.flac", flac.subarray(0, flac.length / 2), 3, "x.flac: "],
  ["text", "x.wav", "Good morning, it is cold.\n", 3, "x.wav: expected a recording, got text"],
])("bad input: %s", async (_, name, content, code, message) => {
  await writeFile(join(folder, name), content);
  const language = code === 0 && message.includes("no language") ? [] : ["--language", "en"];

  const found = await transcribe([
    name,
    "--model",
    "model",
    "--temperature",
    "0",
    "--device",
    "reference",
    ...language,
  ]);

  expect(found.stderr).toContain(message);
  expect(found.code).toBe(code);
});

test.each<[string, Record<string, unknown> | undefined, string, string]>([
  ["another architecture", { model_type: "wav2vec2" }, "config.json", 'expected "whisper", got "wav2vec2"'],
  ["another vocabulary", { vocab_size: 51_865 }, "config.json", "vocab_size 51865"],
  ["another model's tokenizer", { added_tokens: [] }, "tokenizer.json", "no tokenizer of Whisper"],
  ["no weights", undefined, "model.safetensors", "model.safetensors"],
])("bad model: %s is refused before a recording is opened, with exit code 3", async (name, change, file, message) => {
  const files = tinyModel();
  if (change === undefined) files.delete(file);
  else files.set(file, Buffer.from(JSON.stringify({ ...JSON.parse(files.get(file)!.toString()), ...change })));
  await writeFiles(join(folder, name), files);

  const { code, stdout, stderr } = await transcribe(["nowhere.wav", "--model", name]);

  expect([code, stdout]).toEqual([3, ""]);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("nowhere.wav");
});

test.each<[readonly string[], number, string]>([
  [["a.wav", "--model", "nothing"], 2, "model nothing: neither a folder nor in"],
  [["a.wav", ...model, "--language", "Klingon"], 2, "Klingon"],
  [["a.wav", ...model, "--language", "German", "--task", "translate", "--beam", "0"], 2, "whole number from 1 to 100"],
  [["a.wav", ...model, "--threads", "100000"], 2, "whole number from 1 to 256"],
  [["a.wav", ...model, "--patience", "2"], 2, "--patience: an option of beam search"],
  [["a.wav", ...model, "--highlight-words"], 2, "--highlight-words: words have no times without --word-timestamps"],
  [["a.wav", ...model, "--out", "b.wav"], 2, "--out b.wav: expected a folder, got a file"],
  [["a.wav", ...model, "--out", "b.wav/deep"], 2, "--out b.wav/deep: expected a folder: ENOTDIR"],
  [["a.wav", ...model, "--overwrite"], 2, "--out FOLDER"],
  [["a.wav", ...model, "--format", "all"], 2, "expected one format for stdout, got 6"],
  [["a.wav", ...model, "--format", "doc"], 2, "Expected some of txt, srt"],
  [["-", "-", ...model], 2, "stdin can be read once"],
  [["-", ...model, "--pcm", "s24le"], 2, "ENCODING:RATE:CHANNELS"],
  [["empty-folder", ...model], 3, "empty-folder: expected recordings, found none"],
  [["a.wav", ...model, "--encoder", "xrt"], 5, "encoder: xrt: "],
])("%j is refused", async (argv, code, message) => {
  await mkdir(join(folder, "empty-folder"), { recursive: true });
  const found = await transcribe(argv);

  expect(found.stderr).toContain(message);
  expect(found.code).toBe(code);
});
