import { AbortedError, bf16ToFloat, floatToBf16, type Tensor, tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import { type LogmelCase, logmelCases } from "../signals/logmel-cases.ts";
import type { MelClip } from "../signals/mel-clips.ts";
import { syntheticSpeech } from "../signals/synthetic-speech.ts";
import { sine } from "../signals/waveforms.ts";
import { logmelCriteria, logmelSuite } from "./logmel-suite.ts";
import type { SuiteRun } from "./suite-result.ts";

const samples = 3_200;
const span = { samples, sampleRateHz: 16_000 };
const clip = (name: string, group: MelClip["group"], pcm: Int16Array): MelClip => ({
  name,
  group,
  pcm,
  origin: "test",
});
const clips = [
  clip("speech", "synthetic", syntheticSpeech(span, 1)),
  clip("more speech", "synthetic", syntheticSpeech(span, 2)),
  clip("tone", "signal", sine(span, 1000, 0.5)),
  clip("silence", "silence", new Int16Array(samples)),
];
const cases = logmelCases({ seed: 1, clips, windows: [samples], shapes: 1 });
const speechCases = cases.filter((c) => c.group === "synthetic");

interface Fault {
  readonly hopSamples?: number;
  readonly windowPeriod?: number;
  readonly edges?: "zeros";
  readonly scale?: "htk";
  readonly power?: (x: number) => number;
  readonly bandShift?: number;
  readonly clamp?: "none" | "by frame";
  readonly swapsParts?: boolean;
}

const nearestBf16 = (x: number) => bf16ToFloat(floatToBf16(x));
/** The 16 bits that are kept, whatever those that are cut off. */
const truncatedBf16 = (x: number) => {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0]!;
  return bf16ToFloat(bits >>> 16);
};

// A device of its own making: spectrum of the folded window, power in bfloat16, edges by Slaney's or HTK's closed form.
function emulated({ pcm, mels }: LogmelCase, fault: Fault = {}): Tensor {
  const { hopSamples = 160, windowPeriod = 400, power: round = nearestBf16, bandShift = 0 } = fault;
  const scale = pcm.dtype === "i16" ? 1 / 32_768 : 1;
  const sound = Float64Array.from(pcm.data as Int16Array, (x) => x * scale);
  const frames = Math.floor(sound.length / 160);
  const at = (i: number) => {
    if (fault.edges === "zeros") return sound[i] ?? 0;
    return sound[i < 0 ? -i : i < sound.length ? i : 2 * sound.length - 2 - i] ?? 0;
  };
  const weights = triangles(mels, fault.scale === "htk");
  const logs = Array.from({ length: frames }, (_, f) => {
    const power = foldedPower((n) => at(f * hopSamples + n - 200), windowPeriod, fault.swapsParts ?? false).map(round);
    return weights.map((_, band) => {
      const energy = (weights[band + bandShift] ?? []).reduce((sum, [bin, weight]) => sum + weight * power[bin]!, 0);
      return Math.log10(Math.max(energy, 1e-10));
    });
  });
  const largest = Math.max(...logs.flat());
  const values = new Float32Array(mels * frames);
  for (let f = 0; f < frames; f++) {
    const least = fault.clamp === "none" ? -10 : (fault.clamp === "by frame" ? Math.max(...logs[f]!) : largest) - 8;
    for (let band = 0; band < mels; band++) values[band * frames + f] = (Math.max(logs[f]![band]!, least) + 4) / 4;
  }
  return tensor("f32", [mels, frames], values);
}

function foldedPower(x: (n: number) => number, period: number, swapsParts: boolean): Float64Array {
  const hann = (n: number) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / period);
  const low = Float64Array.from({ length: 400 }, (_, n) => hann(n) * x(n));
  return Float64Array.from({ length: 201 }, (_, k) => {
    let [re, im] = [low[0]! + low[200]! * (k % 2 === 0 ? 1 : -1), 0];
    for (let n = 1; n < 200; n++) {
      const [a, b] = swapsParts
        ? [low[n]! - low[400 - n]!, low[n]! + low[400 - n]!]
        : [low[n]! + low[400 - n]!, low[n]! - low[400 - n]!];
      re += a * turns[(n * k) % 400]!;
      im += b * turns[(n * k + 300) % 400]!;
    }
    return re * re + im * im;
  });
}
const turns = Float64Array.from({ length: 400 }, (_, n) => Math.cos((Math.PI * n) / 200));

function triangles(mels: number, isHtk: boolean): [bin: number, weight: number][][] {
  const top = isHtk ? Math.log(1 + 80 / 7) : 15 + (27 * Math.log(8)) / Math.log(6.4);
  const hz = (mel: number) => {
    if (isHtk) return 700 * (Math.exp(mel) - 1);
    return mel < 15 ? (mel * 200) / 3 : 1000 * Math.exp(((mel - 15) / 27) * Math.log(6.4));
  };
  const edges = Array.from({ length: mels + 2 }, (_, i) => hz((top * i) / (mels + 1)) / 40);
  return Array.from({ length: mels }, (_, b) => {
    const [low, centre, high] = [edges[b]!, edges[b + 1]!, edges[b + 2]!];
    const inBand: [number, number][] = [];
    for (let k = Math.ceil(low); k <= high && k <= 200; k++) {
      const height = k < centre ? (k - low) / (centre - low) : (high - k) / (high - centre);
      inBand.push([k, (height * 2) / ((high - low) * 40)]);
    }
    return inBand;
  });
}

/** The suite on a device that `change` makes the output of. */
function runSuite(
  change: (item: LogmelCase) => Tensor | undefined,
  which: readonly LogmelCase[] = speechCases,
): Promise<SuiteRun> {
  const byPcm = new Map(which.map((c) => [c.pcm, c]));
  const subject = {
    kernel: "logmel",
    device: "emulated",
    origin: "simulated" as const,
    run: async (_: unknown, { pcm }: Readonly<Record<string, Tensor>>) => {
      const features = change(byPcm.get(pcm!)!);
      return features === undefined ? {} : { features };
    },
  };
  return logmelSuite(subject, { seed: 1, cases: which });
}
const withFault = (fault: Fault) => runSuite((item) => emulated(item, fault));
const withValues = (change: (values: Float32Array<ArrayBuffer>, frames: number) => Float32Array<ArrayBuffer>) =>
  runSuite((item) => {
    const { shape, data } = emulated(item);
    return tensor("f32", shape, change(data as Float32Array<ArrayBuffer>, shape[1]!));
  });

/** Criteria that failed on every sound. */
function failedEverywhere({ result }: SuiteRun): string[] {
  expect(result.pass).toBe(false);
  return logmelCriteria
    .map((c) => c.name)
    .filter((name) => result.cases.every((c) => c.checks.some((k) => k.criterion === name && !k.pass)));
}

test("a device with a bfloat16 power passes on speech, a tone, silence, edges and any length", async () => {
  const { result } = await runSuite((item) => emulated(item), cases);

  expect(result.cases.flatMap((c) => c.checks.filter((k) => !k.pass).map((k) => `${c.name}: ${k.detail}`))).toEqual([]);
  expect(result.cases.length).toBe(15);
  expect(result.pass).toBe(true);
});

test("a truncated power passes error and pearson, and fails bias", async () => {
  expect(failedEverywhere(await withFault({ power: truncatedBf16 }))).toEqual(["bias"]);
});

test.each([
  ["a hop of 161 samples", { hopSamples: 161 }],
  ["a symmetric window, period 399", { windowPeriod: 399 }],
  ["zeros instead of mirrored edges", { edges: "zeros" }],
  ["HTK's mel scale", { scale: "htk" }],
  ["bands shifted by one", { bandShift: 1 }],
  ["no clamp", { clamp: "none" }],
  ["a clamp by frame instead of by window", { clamp: "by frame" }],
  ["sums and differences of the window's halves swapped", { swapsParts: true }],
  ["a power of one decimal digit", { power: (x: number) => Number(x.toPrecision(1)) }],
] as const)("%s fails error on every sound", async (_, fault) => {
  expect(failedEverywhere(await withFault(fault))).toContain("error");
});

test("frames and bands exchanged fail error and pearson, one frame late too", async () => {
  const turned = await withValues((v, frames) => v.map((_, i) => v[(i % 80) * frames + Math.floor(i / 80)]!));
  const late = await withValues((v, frames) => v.map((_, i) => v[i % frames === 0 ? i : i - 1]!));

  expect(failedEverywhere(turned)).toEqual(expect.arrayContaining(["error", "pearson"]));
  expect(failedEverywhere(late)).toEqual(expect.arrayContaining(["error", "pearson"]));
});

test("one wrong element fails error and is named", async () => {
  const { result } = await withValues((v, frames) => v.map((x, i) => (i === 37 * frames + 5 ? x + 0.011 : x)));
  const check = result.cases[0]!.checks.find((k) => k.criterion === "error");

  expect(check).toMatchObject({ pass: false });
  expect(check?.detail).toMatch(/at band 37, frame 5/);
});

test("a constant, NaN, another shape and no output at all fail output", async () => {
  expect(failedEverywhere(await withValues((v) => v.fill(0)))).toEqual(["output"]);
  expect(failedEverywhere(await withValues((v) => v.fill(Number.NaN, 7, 8)))).toEqual(["output"]);
  expect(failedEverywhere(await runSuite(() => undefined))).toEqual(["output"]);
  const rows = await runSuite((item) => {
    const { shape, data } = emulated(item);
    return tensor("f32", [shape[1]!, shape[0]!], data as Float32Array<ArrayBuffer>);
  });
  expect(rows.result.cases[0]!.checks[0]!.detail).toBe("expected f32[80, 20], got f32[20, 80]");
});

test("silence must be -1.5 in every element: -1.4999 in one fails", async () => {
  const silent = cases.filter((c) => c.group === "silence");
  const { result } = await runSuite((item) => {
    const { shape, data } = emulated(item);
    return tensor("f32", shape, (data as Float32Array<ArrayBuffer>).fill(-1.4999, 100, 101));
  }, silent);

  expect(result.cases.map((c) => c.pass)).toEqual(silent.map(() => false));
  expect(result.cases[0]!.checks.at(-1)).toMatchObject({ criterion: "silence", pass: false });
});

test("the first speech clip's features for every clip fail on all others", async () => {
  const { result } = await runSuite(() => emulated(speechCases[0]!));

  expect(result.cases.map((c) => c.pass)).toEqual([true, ...speechCases.slice(1).map(() => false)]);
});

test("the caller can stop between two sounds; no sounds are no pass", async () => {
  const stop = new AbortController();
  const subject = { kernel: "logmel", device: "emulated", origin: "simulated" as const, run: async () => ({}) };

  const suite = logmelSuite(subject, { seed: 1, cases, signal: stop.signal, onCase: () => stop.abort() });

  await expect(suite).rejects.toThrow(AbortedError);
  expect((await logmelSuite(subject, { seed: 1, cases: [] })).result.pass).toBe(false);
});
