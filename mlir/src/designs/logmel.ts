import { type ArgSpec, ShapeError, UsageError } from "@aiekit/core";
import { DesignBuilder } from "../builder/design-builder.ts";
import { f32, memref } from "../ir/types.ts";
import type { Design, DesignOptions, DesignSequence, KernelEntry } from "../registry.ts";
import { logmelLaunch, loudestRows } from "./logmel-launch.ts";
import { logmelKernels, logmelPipeline } from "./logmel-pipeline.ts";
import { batchFrames, hopSamples, type LogmelWindow, logmelWindow } from "./logmel-windows.ts";

/** 1, 2, 5, 10 and 30 s; the last is what Whisper's encoder takes. */
export const logmelSamples = [16_000, 32_000, 80_000, 160_000, 480_000] as const;
const minSamples = batchFrames * hopSamples;
/** A shim BD moves by at most 2^20 words from row to row; ten minutes are far below it. */
const maxSamples = 600 * 16_000;

/** The sound decides its element type and length. @throws ShapeError for what no build takes. */
const fitLogmel: NonNullable<KernelEntry["fit"]> = ({ pcm }) => {
  if (pcm === undefined || pcm.shape.length !== 1 || (pcm.dtype !== "i16" && pcm.dtype !== "f32")) {
    const got = pcm && `${pcm.dtype}[${pcm.shape.join(", ")}]`;
    throw new ShapeError(`logmel: pcm: expected i16[samples] or f32[samples], got ${got}`, {
      hint: "16 kHz mono; f32 in -1..1, or i16 in 1/32768 of full scale",
    });
  }
  const [samples = 0] = pcm.shape;
  expectLength(samples);
  // The lengths of the default build share it.
  return logmelSamples.some((n) => n === samples) ? { pcm: pcm.dtype } : { pcm: pcm.dtype, samples };
};

export const logmelEntry: KernelEntry = {
  name: "logmel",
  about: "Whisper's log-mel: 16 kHz PCM to f32[mels, frames], clamped to 8 decades below the window's maximum",
  params: [
    { name: "mels", default: 80, choices: [80, 128], about: "mel bands" },
    { name: "pcm", default: "i16", choices: ["i16", "f32"], about: "element type of the sound" },
    {
      name: "samples",
      default: logmelSamples.join("."),
      about: "samples of a launch; several, N.N.N, a sequence each",
    },
    { name: "columns", default: 8, min: 1, max: 8, about: "columns of the array at most; four cores each" },
  ],
  device: "npu1",
  inputs: ["pcm"],
  fit: fitLogmel,
  design: logmelDesign,
};

/**
 * Whisper's log-mel of 16 kHz mono sound: (max(log10 mel, maximum - 8) + 4) / 4 as f32[mels, frames], frames = samples /
 * 160. A column is a pipeline of four cores: three parts of the transform, then power, mel bands and logarithm. A launch
 * has two phases: features and each column's largest go to the host buffer, then they come back and are clamped.
 */
function logmelDesign({ device, params }: DesignOptions): Design {
  const { mels, pcm: dtype } = params as { mels: number; pcm: "i16" | "f32" };
  const d = new DesignBuilder(device);
  const columns = Math.min(Number(params.columns), d.device.columns);
  const windows = sampleCounts(params.samples ?? logmelSamples.join(".")).map((samples) =>
    logmelWindow(samples, columns),
  );
  const kernels = logmelKernels(d, mels, dtype);
  const pipelines = Array.from({ length: columns }, (_, col) => logmelPipeline(d, { col, columns, kernels }));
  for (const window of windows) {
    const args = {
      pcm: memref([window.bufferSamples], kernels.types.pcm.element),
      features: memref([mels + loudestRows(window, mels), window.frames], f32),
    };
    d.sequence({ name: `samples_${window.samples}`, args }, (s, host) =>
      logmelLaunch(s, { window, mels, pipelines, host }),
    );
  }
  return {
    module: d.build(),
    sequences: windows.map((window) => sequenceSpec(window, mels, dtype)),
    sources: ["odd", "cos", "sin", "bands"].map((part) => ({
      object: `logmel_${part}.o`,
      file: `logmel/logmel_${part}.cc`,
    })),
  };
}

/** `480000` or several counts, `16000.480000`. */
function sampleCounts(param: number | string): readonly number[] {
  const counts = String(param).split(".").map(Number);
  for (const samples of counts) expectLength(samples);
  if (new Set(counts).size < counts.length) throw new UsageError(`logmel: samples: ${param} has a count twice`);
  return counts;
}

function expectLength(samples: number): void {
  if (Number.isInteger(samples) && samples >= minSamples && samples <= maxSamples) return;
  const nearest = samples > maxSamples ? maxSamples : minSamples;
  throw new ShapeError(`logmel: samples: expected a whole number ${minSamples}..${maxSamples}, got ${samples}`, {
    hint: `the nearest that is possible is ${nearest}: ${samples > maxSamples ? "cut the sound" : "append zeros"}`,
  });
}

function sequenceSpec(window: LogmelWindow, mels: number, dtype: "i16" | "f32"): DesignSequence {
  const { samples, frames, bufferSamples } = window;
  const pcm: Omit<ArgSpec, "bytes"> = {
    name: "pcm",
    direction: "in",
    dtype,
    shape: [samples],
    padded: [bufferSamples],
    meaning: dtype === "i16" ? "PCM, 16 kHz mono, 1/32768 of full scale" : "PCM, 16 kHz mono, full scale 1",
  };
  const features: Omit<ArgSpec, "bytes"> = {
    name: "features",
    direction: "out",
    dtype: "f32",
    shape: [mels, frames],
    padded: [mels + loudestRows(window, mels), frames],
    meaning: "(log10 of mel energy, clamped to maximum - 8, + 4) / 4",
  };
  return { name: `samples_${samples}`, units: 1, args: [pcm, features] };
}
