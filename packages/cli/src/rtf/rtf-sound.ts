import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { demoModelPath, fileSource, readSpeech, speechRateHz, speechSamplePath, writeWav } from "@aiekit/pipeline";

/** A WAV file of so many seconds: the demo model's samples of speech one behind another, again and again; the last is cut. */
export async function rtfSound(seconds: number): Promise<Uint8Array> {
  const samples = await Promise.all((await sampleFiles()).map(pcmOf));
  const pcm = new Int16Array(Math.round(seconds * speechRateHz));
  for (let at = 0, next = 0; at < pcm.length; next++) {
    const sample = samples[next % samples.length]!;
    pcm.set(sample.subarray(0, pcm.length - at), at);
    at += sample.length;
  }
  return writeWav({ sampleRateHz: speechRateHz, channels: [pcm] });
}

async function pcmOf(file: string): Promise<Int16Array> {
  return (await readSpeech(await fileSource(file))).pcm;
}

/** Samples beside the demo model that are speech; the project's own recording where there are none. */
async function sampleFiles(): Promise<readonly string[]> {
  const folder = join(demoModelPath, "samples");
  const names = await readdir(folder).catch((): string[] => []);
  const speech = names.filter((name) => name.endsWith(".wav") && !/silence|noise/.test(name)).sort();
  return speech.length === 0 ? [speechSamplePath] : speech.map((name) => join(folder, name));
}
