import { writeWav } from "@aiekit/pipeline";
import { syntheticSpeech } from "@aiekit/validate";

const sampleRateHz = 16_000;

/** A WAV file of something like speech, 16 kHz, mono, 16 bits; the same for the same seed. */
export function syntheticWav(seconds: number, seed: number): Uint8Array {
  const pcm = syntheticSpeech({ samples: Math.round(seconds * sampleRateHz), sampleRateHz }, seed);
  return writeWav({ sampleRateHz, channels: [pcm] });
}
