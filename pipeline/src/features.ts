import { ShapeError, type Tensor, tensor } from "@aiekit/core";
import type { UnitsRun } from "@aiekit/host";
import type { ByteSource } from "./audio/byte-source.ts";
import { readSpeech, type Speech } from "./audio/load-speech.ts";

/** Sound that was read, and the wall time of reading it. */
export interface LoadedSpeech {
  /** The file, for errors. */
  readonly name: string;
  readonly speech: Speech;
  /** Decoding, mono mix, resampling. */
  readonly loadMs: number;
}

/** Milliseconds of a clock that never goes back; `performance.now` for real runs. */
export type ClockMs = () => number;

/**
 * `readSpeech`, timed. Apart from `melFeatures`, so that a file that is no sound is refused before a kernel is built.
 * @throws FormatError and ToolMissingError as `readSpeech` does.
 */
export async function timedSpeech(source: ByteSource, clockMs: ClockMs): Promise<LoadedSpeech> {
  const startMs = clockMs();
  const speech = await readSpeech(source);
  return { name: source.name, speech, loadMs: clockMs() - startMs };
}

export interface MelFeaturesSource extends LoadedSpeech {
  /** The mel kernel on a device, for example `(inputs) => runOverUnits(kernel, inputs)`. */
  readonly run: (inputs: Readonly<Record<string, Tensor>>) => Promise<UnitsRun>;
  readonly clockMs: ClockMs;
}

/** Wall time by phase; their sum is the whole. */
export interface FeaturePhases {
  readonly loadMs: number;
  /** Cutting into launches, padding, copies to and from the device. */
  readonly framingMs: number;
  readonly deviceMs: number;
  /** From the kernel's Q8.8 to dB in floats. */
  readonly logMs: number;
}

export interface MelFeatures {
  readonly speech: Speech;
  /** f32[frames, 80], dB. */
  readonly mel: Tensor<"f32">;
  /** i16[frames, 80], dB · 256, as the kernel wrote it. */
  readonly melQ8: Tensor<"i16">;
  readonly phases: FeaturePhases;
  /** Sum of the phases / audio seconds, wall time: on the simulator the simulator's own speed. */
  readonly rtf: number;
  /** The same ratio with the modelled time of the array alone; undefined on a device that measures. */
  readonly modelledRtf: number | undefined;
  readonly run: UnitsRun;
}

const windowSamples = 400;
const stepsPerDb = 256;

/**
 * Log-mel features of speech with the `mel` kernel: frames of 400 samples every 160, 80 bands, 10·log10 of the band energy.
 * @throws ShapeError for less sound than one frame (25 ms) and for a kernel with other outputs; whatever `run` throws.
 */
export async function melFeatures({ name, speech, loadMs, run, clockMs }: MelFeaturesSource): Promise<MelFeatures> {
  const { length } = speech.pcm;
  if (length < windowSamples) {
    throw new ShapeError(`${name}: expected ${windowSamples} samples or more (25 ms at 16 kHz), got ${length}`, {
      hint: "pass a longer recording; one frame of features takes 25 ms",
    });
  }
  const startMs = clockMs();
  const result = await run({ pcm: tensor("i16", [length], speech.pcm) });
  const ranMs = clockMs();
  const melQ8 = melOutput(result);
  const mel = tensor(
    "f32",
    melQ8.shape,
    Float32Array.from(melQ8.data, (value) => value / stepsPerDb),
  );
  const endMs = clockMs();

  const deviceMs = Math.min(result.phases.deviceMs, ranMs - startMs);
  return {
    speech,
    mel,
    melQ8,
    phases: { loadMs, framingMs: ranMs - startMs - deviceMs, deviceMs, logMs: endMs - ranMs },
    rtf: (loadMs + endMs - startMs) / 1000 / speech.seconds,
    modelledRtf: result.modelled === undefined ? undefined : result.modelled.seconds / speech.seconds,
    run: result,
  };
}

function melOutput({ outputs, units }: UnitsRun): Tensor<"i16"> {
  const mel = outputs.mel;
  if (mel?.dtype === "i16" && mel.shape.length === 2 && mel.shape[0] === units) return mel as Tensor<"i16">;
  const found = Object.entries(outputs).map(([name, { dtype, shape }]) => `${name} ${dtype}[${shape.join(", ")}]`);
  throw new ShapeError(
    `mel features: expected an output mel i16[${units}, bands], got ${found.length === 0 ? "none" : found.join(", ")}`,
    { hint: "pass the mel kernel" },
  );
}
