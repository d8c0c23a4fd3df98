import { AbortedError, DeviceError } from "@aiekit/core";
import { expect, test } from "vitest";
import { fftSignals } from "../signals/fft-signals.ts";
import { type FftRunner, type FftSubject, fftCriteria, fftSuite } from "./fft-suite.ts";
import type { SuiteRun } from "./suite-result.ts";

const points = 512;
const signals = fftSignals({ seed: 1, units: 2 });

// A device of its own making: the O(n²) sum with 16-bit twiddles, rounded to integers.
const cosines = Float64Array.from(
  { length: points },
  (_, n) => Math.round(32767 * Math.cos((2 * Math.PI * n) / points)) / 32767,
);
const emulated: FftRunner = async (frames) => {
  const out = new Int32Array(frames.length * 2);
  for (let start = 0; start < frames.length; start += points) {
    for (let k = 0; k < points; k++) {
      let [re, im] = [0, 0];
      for (let n = 0; n < points; n++) {
        re += frames[start + n]! * cosines[(k * n) % points]!;
        im += frames[start + n]! * cosines[(k * n + points / 4) % points]!;
      }
      out[2 * (start + k)] = Math.round(re);
      out[2 * (start + k) + 1] = Math.round(im);
    }
  }
  return out;
};

const subject = (run: FftRunner): FftSubject => ({
  kernel: "fft",
  device: "emulated",
  origin: "simulated",
  outputScale: 1,
  run,
});

/** Runs the suite on an output that `change` has broken. */
async function broken(change: (out: Float64Array) => ArrayLike<number>): Promise<SuiteRun> {
  const run: FftRunner = async (frames, options) => change(Float64Array.from(await emulated(frames, options)));
  return fftSuite(subject(run), { signals });
}

function failedCriteria({ result }: SuiteRun): Set<string> {
  expect(result.pass).toBe(false);
  return new Set(result.cases.flatMap((c) => c.checks.filter((k) => !k.pass).map((k) => k.criterion)));
}

test("a transform with 16-bit twiddles and integer output passes on all 14 signals", async () => {
  const { result } = await fftSuite(subject(emulated), { signals });

  expect(result.cases.filter((c) => !c.pass)).toEqual([]);
  expect(result.pass).toBe(true);
  expect(result.cases).toHaveLength(14);
});

test("imaginary parts of the wrong sign fail pearson", async () => {
  const conjugated = await broken((out) => out.map((x, i) => (i % 2 === 1 ? -x : x)));

  expect(failedCriteria(conjugated)).toContain("pearson");
});

test("output shifted by one bin fails pearson, swapped re and im too", async () => {
  expect(failedCriteria(await broken((out) => out.map((_, i) => out[i + 2] ?? 0)))).toContain("pearson");
  expect(failedCriteria(await broken((out) => out.map((_, i) => out[i ^ 1]!)))).toContain("pearson");
});

test("half the documented scale has a perfect correlation and fails gain", async () => {
  const failed = failedCriteria(await broken((out) => out.map((x) => x / 2)));

  expect(failed).toContain("gain");
  expect(failed).not.toContain("pearson");
});

test("one wrong bin in one frame fails error and is named", async () => {
  const { result } = await broken((out) => out.map((x, i) => (i === 1024 + 2 * 40 ? x + 40000 : x)));
  const check = result.cases.find((c) => c.name === "sine 1000 Hz")?.checks.find((k) => k.criterion === "error");

  expect(check?.pass).toBe(false);
  expect(check?.detail).toMatch(/unit 1, bin 40 \(re\)/);
});

test("zeros, a constant, NaN, truncated output and an output that never changes fail", async () => {
  expect(failedCriteria(await broken((out) => out.fill(0)))).toContain("output");
  expect(failedCriteria(await broken((out) => out.fill(9)))).toContain("output");
  expect(failedCriteria(await broken((out) => out.map((x, i) => (i === 7 ? Number.NaN : x))))).toContain("output");
  expect(failedCriteria(await broken((out) => out.subarray(2)))).toContain("output");
  const first = await emulated(signals[0]!.frames, {});
  expect(failedCriteria(await broken(() => first))).toEqual(new Set(["output", "pearson", "gain", "error"]));
});

test("a single count of noise on silence fails", async () => {
  const { result } = await broken((out) => out.map((x, i) => (i === 100 ? x + 1 : x)));

  expect(result.cases.find((c) => c.name === "silence")).toMatchObject({ pass: false });
  expect(result.cases.find((c) => c.name === "sine 1000 Hz")).toMatchObject({ pass: true });
});

test("every check names a criterion of the suite, and the result survives JSON", async () => {
  const { result } = await broken((out) => out.fill(Number.NaN));
  const names = new Set(fftCriteria.map((c) => c.name));

  for (const check of result.cases.flatMap((c) => c.checks)) expect(names).toContain(check.criterion);
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
});

test("the caller hears of each case, and can stop between two", async () => {
  const stop = new AbortController();
  const heard: string[] = [];
  const onCase = (result: { name: string }, done: number, total: number) => {
    heard.push(`${done}/${total} ${result.name}`);
    if (done === 2) stop.abort();
  };

  await expect(fftSuite(subject(emulated), { signals, onCase, signal: stop.signal })).rejects.toThrow(AbortedError);

  expect(heard).toEqual(["1/14 sine 100 Hz", "2/14 sine 1000 Hz"]);
});

test("a device's own error reaches the caller; no signals is no pass", async () => {
  const failing = subject(async () => {
    throw new DeviceError("run: lock 3 of tile (0,2) was never released");
  });

  await expect(fftSuite(failing, { signals })).rejects.toThrow(/lock 3/);
  expect((await fftSuite(failing, { signals: [] })).result.pass).toBe(false);
});
