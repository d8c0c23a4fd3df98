import { type Audio, audioSeconds } from "./audio.ts";
import { toMono } from "./mono.ts";
import { toPcm16 } from "./pcm16.ts";
import { resample } from "./resample.ts";
import { readWav } from "./wav-reader.ts";

export const speechRateHz = 16_000;

/** Speech as the features want it: 16 kHz, mono, 16 bits. `notes` say what was converted and what was odd. */
export interface Speech {
  readonly pcm: Int16Array<ArrayBuffer>;
  readonly seconds: number;
  readonly notes: readonly string[];
}

/**
 * Reads a WAV file of any rate, width and number of channels as speech. A 16 kHz mono 16-bit file passes unchanged.
 * @throws FormatError as `readWav` does.
 */
export function loadSpeech(bytes: Uint8Array, name: string): Speech {
  const audio = readWav(bytes, name);
  const mono = toMono(audio);
  const { pcm, clipped } = toPcm16(resample(mono, { fromHz: audio.sampleRateHz, toHz: speechRateHz }));
  return {
    pcm,
    seconds: pcm.length / speechRateHz,
    notes: [...audio.warnings, ...conversionNotes(audio), ...soundNotes(audio, mono, clipped)],
  };
}

function conversionNotes(audio: Audio): string[] {
  const { channels, sampleRateHz, bits, format } = audio;
  const notes: string[] = [];
  if (channels.length > 1) notes.push(`${channelWord(channels.length)}: averaged to mono`);
  if (sampleRateHz !== speechRateHz) notes.push(`${sampleRateHz / 1000} kHz: resampled to ${speechRateHz / 1000} kHz`);
  if (sampleRateHz < speechRateHz) notes.push(`nothing above ${sampleRateHz / 2000} kHz in the recording`);
  if (bits !== 16 || format !== "int") notes.push(`${bits}-bit ${format}: converted to 16-bit`);
  return notes;
}

function soundNotes(audio: Audio, mono: Float32Array, clipped: number): string[] {
  const notes: string[] = [];
  if (clipped > 0) notes.push(`${clipped} sample(s) clipped at full scale`);
  const [monoPower, loudest] = [power(mono), Math.max(...audio.channels.map(power))];
  if (loudest === 0) notes.push(`silent: all ${audioSeconds(audio).toFixed(2)} s are zero`);
  // Less than 1/1000 of a channel's power is left: the channels are each other's opposite.
  else if (monoPower < loudest / 1000) notes.push("the channels cancel one another in the mono mix: check the wiring");
  return notes;
}

function power(samples: Float32Array): number {
  return samples.reduce((sum, value) => sum + value * value, 0) / Math.max(1, samples.length);
}

function channelWord(count: number): string {
  return count === 2 ? "stereo" : `${count} channels`;
}
