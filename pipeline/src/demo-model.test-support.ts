import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Tensor, tensor } from "@aiekit/core";
import { bytesSource } from "./audio/byte-source.ts";
import { readSpeech } from "./audio/load-speech.ts";

export const demoModelFolder = fileURLToPath(new URL("../demo-model", import.meta.url));

/** Of samples.json, which tools/demo-model/samples.py writes. */
interface DemoSample {
  readonly file: string;
  readonly seconds: number;
  /** What is said; empty where nobody speaks. */
  readonly sentence: string;
  readonly voice: string;
  readonly note: string;
  /** Seconds of start and end of each word, from the synthesiser. */
  readonly words: readonly (readonly [number, number])[];
}

export async function demoSamples(): Promise<readonly DemoSample[]> {
  return JSON.parse(await readFile(join(demoModelFolder, "samples/samples.json"), "utf8")) as DemoSample[];
}

/** Features of the first `frames` frames, zeros of sound behind the end. By the definition, in float64, without a fast transform. */
export async function sampleFeatures(file: string, frames: number): Promise<Tensor<"f32">> {
  const path = join(demoModelFolder, "samples", file);
  const { pcm } = await readSpeech(bytesSource(await readFile(path), file));
  const at = (i: number): number => (pcm[i < 0 ? -i : i] ?? 0) / 32768;
  const logs = new Float64Array(bands * frames);
  const power = new Float64Array(bins);
  for (let frame = 0; frame < frames; frame++) {
    const cut = hann.map((weight, i) => weight * at(frame * hop + i - size / 2));
    for (let bin = 0; bin < bins; bin++) {
      let real = 0;
      let imaginary = 0;
      for (let i = 0; i < size; i++) {
        real += cut[i]! * cosines[(bin * i) % size]!;
        imaginary += cut[i]! * cosines[(bin * i + 300) % size]!;
      }
      power[bin] = real * real + imaginary * imaginary;
    }
    for (let band = 0; band < bands; band++) {
      const sum = power.reduce((total, value, bin) => total + value * filters[band]![bin]!, 0);
      logs[band * frames + frame] = Math.log10(Math.max(sum, 1e-10));
    }
  }
  const floor = logs.reduce((most, value) => Math.max(most, value), -10) - 8;
  return tensor(
    "f32",
    [bands, frames],
    Float32Array.from(logs, (value) => (Math.max(value, floor) + 4) / 4),
  );
}

const [size, hop, bins, bands, rateHz] = [400, 160, 201, 80, 16_000];
const cosines = Float64Array.from({ length: size }, (_, i) => Math.cos((2 * Math.PI * i) / size));
const hann = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * cosines[i]!);

/** Slaney's mel scale: linear to 1 kHz, logarithmic above; triangles of area 1. */
const filters = Array.from({ length: bands }, (_, band) => {
  const topMel = 15 + (Math.log(8) * 27) / Math.log(6.4);
  const hz = (mel: number): number => (mel < 15 ? (mel * 200) / 3 : 1000 * Math.exp((Math.log(6.4) / 27) * (mel - 15)));
  const [low, centre, high] = [band, band + 1, band + 2].map((edge) => hz((edge * topMel) / (bands + 1))) as [
    number,
    number,
    number,
  ];
  return Array.from({ length: bins }, (_, bin) => {
    const frequency = (bin * rateHz) / size;
    const rise = (frequency - low) / (centre - low);
    const fall = (high - frequency) / (high - centre);
    return (Math.max(0, Math.min(rise, fall)) * 2) / (high - low);
  });
});
