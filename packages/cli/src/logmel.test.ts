import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readNpy, tensor, writeNpy } from "@aiekit/core";
import { loadSpeech, speechSamplePath } from "@aiekit/pipeline";
import { logmelLimits, maxAbsErr, pearson, whisperFeatures } from "@aiekit/validate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compileLimitMs } from "./compile-limit.test-support.ts";
import { runInProcess } from "./run-cli.test-support.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "aiekit-logmel-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Four sources. */
const startTimeoutMs = 4 * compileLimitMs;
const recordingPath = join(import.meta.dirname, "../../../../shared/data/jfk.wav");

/** Largest error and correlation of the features that `aiekit run logmel` writes for a sound. */
async function runLogmel(path: string, samples: Float64Array, mels: 80 | 128) {
  const argv = ["run", "logmel", "--in", path, "--out", "features.npy", "--param", `mels=${mels}`];
  const { code, stderr } = await runInProcess(argv, { cwd: folder });
  expect(stderr.replace(/^(build|run) .*\n/gm, "")).toBe("");
  expect(code).toBe(0);
  const features = readNpy(readFileSync(join(folder, "features.npy")), "features.npy");
  const reference = whisperFeatures(samples, mels);
  expect([features.dtype, ...features.shape]).toEqual(["f32", mels, reference.frames]);
  const actual = features.data as Float32Array;
  return { error: maxAbsErr(reference.values, actual).value, pearson: pearson(reference.values, actual) };
}

const fullScale = (pcm: Int16Array): Float64Array => Float64Array.from(pcm, (x) => x / 32_768);

test(
  "run: the shipped sample, a length of its own, in one launch within 0.01",
  async () => {
    const { pcm } = loadSpeech(readFileSync(speechSamplePath), speechSamplePath);

    const found = await runLogmel(speechSamplePath, fullScale(pcm), 80);

    expect(found.error).toBeLessThanOrEqual(logmelLimits.error);
    expect(found.pearson).toBeGreaterThan(logmelLimits.pearson);
  },
  startTimeoutMs,
);

test(
  "run: 2 s of recorded speech with 128 bands within 0.01",
  async ({ skip }) => {
    skip(!existsSync(recordingPath), "the optional data folder has no jfk.wav");
    const pcm = loadSpeech(readFileSync(recordingPath), recordingPath).pcm.slice(0, 32_000);
    writeFileSync(join(folder, "recording.npy"), writeNpy(tensor("i16", [pcm.length], Int16Array.from(pcm))));

    const found = await runLogmel("recording.npy", fullScale(pcm), 128);

    expect(found.error).toBeLessThanOrEqual(logmelLimits.error);
    expect(found.pearson).toBeGreaterThan(logmelLimits.pearson);
  },
  startTimeoutMs,
);

test(
  "validate: 4 sounds of the suite pass",
  async () => {
    const { code, stdout } = await runInProcess(["validate", "logmel", "--clips", "4", "--json"]);

    expect(JSON.parse(stdout)).toMatchObject({ suite: "logmel", pass: true, cases: [{}, {}, {}, {}] });
    expect(code).toBe(0);
  },
  startTimeoutMs,
);

test.each([
  ["i16[1279]", tensor("i16", [1_279]), "logmel: samples: expected a whole number 1280..9600000, got 1279"],
  ["f64[1600]", tensor("f64", [1_600]), "logmel: pcm: expected i16[samples] or f32[samples], got f64[1600]"],
  ["i16[2, 800]", tensor("i16", [2, 800]), "logmel: pcm: expected i16[samples] or f32[samples], got i16[2, 800]"],
])("a sound of %s is refused before anything is built", async (_, value, message) => {
  writeFileSync(join(folder, "bad.npy"), writeNpy(value));

  const { code, stderr } = await runInProcess(["run", "logmel", "--in", "bad.npy", "--out", "x.npy"], { cwd: folder });

  expect(code).toBe(3);
  expect(stderr).toContain(message);
});
