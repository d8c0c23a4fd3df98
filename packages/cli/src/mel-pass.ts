import { tensor } from "@aiekit/core";
import type { UnitsRun } from "@aiekit/host";
import { loadSpeech, type Speech } from "@aiekit/pipeline";
import { melDb } from "@aiekit/validate";
import type { ReadyKernel } from "./kernel-on-device.ts";
import type { Phase } from "./phases.ts";

/** A WAV file's sound, and the wall time of decoding it. */
export interface DecodedWav {
  readonly speech: Speech;
  readonly loadMs: number;
}

/** @throws FormatError for bytes that are not a readable WAV file. */
export function decodeWav(wav: Uint8Array, name: string): DecodedWav {
  const startMs = performance.now();
  const speech = loadSpeech(wav, name);
  return { speech, loadMs: performance.now() - startMs };
}

/** Sound taken through the mel kernel. */
export interface MelPass {
  /** dB, row-major [frames, 80]. */
  readonly db: Float64Array;
  readonly frames: number;
  readonly run: UnitsRun;
  /** Wall time: `load` decodes the WAV, `framing` cuts and copies, `device` runs, `log` turns Q8.8 into dB. */
  readonly phases: readonly Phase[];
}

/** Log-mel features of decoded sound. */
export async function melPass(ready: ReadyKernel, { speech, loadMs }: DecodedWav): Promise<MelPass> {
  const run = await ready.run({ pcm: tensor("i16", [speech.pcm.length], speech.pcm.slice()) });
  const startMs = performance.now();
  const db = melDb(run.outputs.mel!.data as Int16Array);
  const logMs = performance.now() - startMs;
  const phases = [
    { name: "load", wallMs: loadMs },
    { name: "framing", wallMs: run.phases.framingMs },
    { name: "device", wallMs: run.phases.deviceMs },
    { name: "log", wallMs: logMs },
  ];
  return { db, frames: run.units, run, phases };
}
