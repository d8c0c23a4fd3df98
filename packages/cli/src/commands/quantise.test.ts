import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ProductCalibration, type Tensor, tensor, writeNpy } from "@aiekit/core";
import { loadSpeech, speechSamplePath } from "@aiekit/pipeline";
import { encoderFrontNoise, encoderLayerNoise, whisperFeatures } from "@aiekit/validate";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runInProcess } from "../run-cli.test-support.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-quantise-"));
});
afterEach(() => rm(folder, { recursive: true }));

const sizes = ["width=64", "heads=1", "ffn=64", "layers=2"];
const calibrate = (options: {
  clips?: string;
  weights?: string;
  params?: readonly string[];
  more?: readonly string[];
}) => {
  const { clips = speechSamplePath, weights = "random:3", params = sizes, more = ["--seconds", "0.4"] } = options;
  const all = ["--clips", clips, "--weights", weights, "--out", join(folder, "calibration.json"), ...more];
  return runInProcess(["quantise", "calibrate", ...all, ...params.flatMap((param) => ["--param", param])]);
};
const calibration = async () => JSON.parse(await readFile(join(folder, "calibration.json"), "utf8"));

test("speech through an encoder of two layers: ten products, and the first one's range is that of the features", async () => {
  const { code, stdout } = await calibrate({});
  const { format, clips, products } = await calibration();

  expect(code).toBe(0);
  expect(stdout).toMatch(/1 clip\(s\), 0\.40 s of sound/);
  expect([format, clips[0].seconds]).toEqual(["aiekit-calibration", 0.4]);
  const layer = (n: number) => ["qkv", "out", "fc1", "fc2"].map((name) => `${n}.${name}`);
  expect(Object.keys(products)).toEqual(["conv1", "conv2", ...layer(0), ...layer(1)]);
  const { pcm } = loadSpeech(await readFile(speechSamplePath), "speech");
  const { values } = whisperFeatures(
    Float64Array.from(pcm.subarray(0, 6400), (v) => v / 32_768),
    80,
  );
  expect(products.conv1).toMatchObject({ count: values.length, min: Math.min(...values), max: Math.max(...values) });
  for (const { int8, int16, min, max } of Object.values<ProductCalibration>(products)) {
    expect(Math.max(-min, max)).toBeGreaterThanOrEqual(int8.range);
    expect(int8.scale).toBeCloseTo(int8.range / 127, 6);
    // 8 more bits are 48.2 dB where both have the same range; a percentile makes up for some of it.
    expect(int16.sqnrDb! - int8.sqnrDb!).toBeGreaterThan(44);
    expect(int16.sqnrDb! - int8.sqnrDb!).toBeLessThan(49);
  }
});

test("a folder of clips and a folder of .npy weights: the same weights give the same calibration; two clips have twice the values", async () => {
  await calibrate({});
  const random = await calibration();
  const [clips, weights] = [join(folder, "clips"), join(folder, "weights")];
  for (const path of [clips, weights]) await mkdir(path);
  for (const name of ["a.wav", "b.WAV"]) await cp(speechSamplePath, join(clips, name));
  await writeFile(join(clips, "notes.txt"), "no clip");
  const shape = { width: 64, heads: 1, ffn: 64 };
  const front = encoderFrontNoise({ mels: 80, width: 64, positions: 1500 }, 3);
  const layers = [0, 1].map((i) => encoderLayerNoise({ ...shape, positions: 1 }, 3 + i).weights);
  await saveAll(weights, front);
  for (const [i, layer] of layers.entries()) await saveAll(weights, layer, `${i}.`);

  const { code } = await calibrate({ clips, weights, params: ["heads=1"] });
  const { products, clips: used } = await calibration();

  expect(code).toBe(0);
  expect(used).toHaveLength(2);
  for (const [name, { count, min, max, int8 }] of Object.entries<ProductCalibration>(products)) {
    const one = random.products[name];
    expect({ count, min, max, range: int8.range }).toEqual({
      count: 2 * one.count,
      min: one.min,
      max: one.max,
      range: one.int8.range,
    });
  }
});

test("an array that is missing or has another shape is named", async () => {
  const front = encoderFrontNoise({ mels: 80, width: 64, positions: 1500 }, 3);
  await saveAll(folder, { ...front, conv2: { weights: tensor("f32", [64, 80, 3]), bias: front.conv2.bias } });
  const wrong = await calibrate({ weights: folder, params: [] });
  await rm(join(folder, "conv1.bias.npy"));
  const missing = await calibrate({ weights: folder, params: [] });

  expect(wrong.stderr).toContain("weights: conv2.weights: expected f32[64, 64, 3], got f32[64, 80, 3]");
  expect(missing.stderr).toContain("weights: conv1.bias is missing");
  expect([wrong.code, missing.code].every((code) => code !== 0)).toBe(true);
});

test.each<[string, Parameters<typeof calibrate>[0], RegExp]>([
  ["no clips there", { clips: "nowhere" }, /nowhere: there is no such file or folder/],
  ["a file that is no clip", { clips: "package.json" }, /expected a folder of recordings, or one of them/],
  ["a clip of 10 ms", { more: ["--seconds", "0.01"] }, /expected 1280 to 480000 samples, got 160/],
  ["a seed that is none", { weights: "random:one" }, /expected a whole number as seed/],
  ["a parameter that is none", { params: ["depth=3"] }, /no parameter depth[\s\S]*width, heads, ffn, layers, mels/],
  ["sizes that do not fit", { params: ["width=100"] }, /width 100: expected a multiple of 64/],
  ["a percentile above 100", { more: ["--percentile", "101"] }, /percentile above 0, at most 100, got 101/],
])("%s is refused", async (_, options, message) => {
  const { code, stderr } = await calibrate(options);

  expect(code).not.toBe(0);
  expect(stderr).toMatch(message);
});

/** Arrays as `name.npy`, those inside of a record as `name.inner.npy`. */
async function saveAll(path: string, arrays: object, prefix = ""): Promise<void> {
  for (const [name, value] of Object.entries(arrays)) {
    if ("dtype" in value) await writeFile(join(path, `${prefix}${name}.npy`), writeNpy(value as Tensor));
    else await saveAll(path, value, `${prefix}${name}.`);
  }
}
