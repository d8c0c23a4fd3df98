import { type Tensor, tensor, UsageError } from "@aiekit/core";
import type { ModelledTime, UnitsRun } from "@aiekit/host";
import { findKernel, logmelSamples } from "@aiekit/mlir";
import { bytesSource, loadSpeech, timedSpeech } from "@aiekit/pipeline";
import { createRandom } from "@aiekit/validate";
import type { ReadyKernel } from "./kernel-on-device.ts";
import { melPass } from "./mel-pass.ts";
import type { Phase } from "./phases.ts";
import { syntheticWav } from "./synthetic-wav.ts";

/** One pass over the whole input. */
export interface BenchPass {
  readonly units: number;
  readonly phases: readonly Phase[];
  readonly modelled: ModelledTime | undefined;
  readonly launches: UnitsRun["launches"];
}

export interface BenchInput {
  readonly audioSeconds: number;
  pass(): Promise<BenchPass>;
}

/** Input of about `seconds` of sound for a kernel, and what a pass over it is. */
type BenchInputOf = (ready: ReadyKernel, seconds: number) => BenchInput;

/** @throws UsageError for a kernel without a benchmark. Asks for no build. */
export function requireBenchInput(kernel: string): BenchInputOf {
  findKernel(kernel);
  const input = inputs[kernel];
  if (input !== undefined) return input;
  throw new UsageError(`${kernel}: there is no benchmark: expected one of ${Object.keys(inputs).join(", ")}`, {
    hint: `modelled cycles of any kernel: aiekit run ${kernel} ... --time; kernels/benchmarks.md: node scripts/bench-kernels.mjs`,
  });
}

const inputs: Readonly<Record<string, BenchInputOf>> = { mel: melInput, fft: fftInput, logmel: logmelInput };

const seed = 1;
const sampleRateHz = 16_000;
const fftPoints = 512;

function melInput(ready: ReadyKernel, seconds: number): BenchInput {
  const wav = syntheticWav(seconds, seed);
  return {
    audioSeconds: seconds,
    pass: async () => {
      const loaded = await timedSpeech(bytesSource(wav, "generated"), () => performance.now());
      const { phases, run } = await melPass(ready, loaded);
      return { units: run.units, phases, modelled: run.modelled, launches: run.launches };
    },
  };
}

/** A whole window in one launch: the shortest that holds `seconds`, or the longest. */
function logmelInput(ready: ReadyKernel, seconds: number): BenchInput {
  const samples = logmelSamples.find((n) => n >= seconds * sampleRateHz) ?? logmelSamples.at(-1)!;
  const { pcm } = loadSpeech(syntheticWav(samples / sampleRateHz, seed), "generated");
  const input = tensor(
    "i16",
    [samples],
    Int16Array.from({ length: samples }, (_, i) => pcm[i] ?? 0),
  );
  return { audioSeconds: samples / sampleRateHz, pass: () => devicePass(ready, { pcm: input }) };
}

/** Frames side by side, without overlap. */
function fftInput(ready: ReadyKernel, seconds: number): BenchInput {
  const frames = Math.max(1, Math.round((seconds * sampleRateHz) / fftPoints));
  const random = createRandom(seed);
  const samples = Int16Array.from({ length: frames * fftPoints }, () => Math.round(random.between(-20000, 20000)));
  const input = tensor("i16", [frames, fftPoints], samples);
  return {
    audioSeconds: (frames * fftPoints) / sampleRateHz,
    pass: () => devicePass(ready, { in: input }),
  };
}

async function devicePass(ready: ReadyKernel, inputs: Readonly<Record<string, Tensor>>): Promise<BenchPass> {
  const { units, phases, modelled, launches } = await ready.run(inputs);
  const { framingMs, deviceMs } = phases;
  return {
    units,
    phases: [
      { name: "framing", wallMs: framingMs },
      { name: "device", wallMs: deviceMs },
    ],
    modelled,
    launches,
  };
}
