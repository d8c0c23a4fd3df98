import { audioSeconds } from "./audio.ts";
import type { AudioFormat } from "./audio-stream.ts";
import type { ByteSource } from "./byte-source.ts";
import { toMono } from "./mono.ts";
import type { OpenAudioOptions } from "./open-audio.ts";
import { toPcm16 } from "./pcm16.ts";
import { resample } from "./resample.ts";
import { clippedNote, conversionNotes, soundLevels, speechRateHz, widthNotes } from "./speech-notes.ts";
import { openSpeech } from "./speech-stream.ts";
import { readWav } from "./wav-reader.ts";

/** Speech as the features want it: 16 kHz, mono, 16 bits. `notes` say what was converted and what was odd. */
export interface Speech {
  readonly pcm: Int16Array<ArrayBuffer>;
  readonly seconds: number;
  readonly notes: readonly string[];
}

/**
 * Reads a recording of any kind that `openAudio` knows as speech, whole. A 16 kHz mono 16-bit file passes unchanged.
 * @throws FormatError and ToolMissingError as `openSpeech` and its blocks do.
 */
export async function readSpeech(source: ByteSource, options: OpenAudioOptions = {}): Promise<Speech> {
  const { format, blocks, notes } = await openSpeech(source, options);
  const parts: Int16Array[] = [];
  let [samples, clipped] = [0, 0];
  for await (const block of blocks) {
    const part = toPcm16(block);
    parts.push(part.pcm);
    samples += part.pcm.length;
    clipped += part.clipped;
  }
  const pcm = new Int16Array(samples);
  let at = 0;
  for (const part of parts) {
    pcm.set(part, at);
    at += part.length;
  }
  return { pcm, seconds: samples / speechRateHz, notes: [...notes(), ...widthNotes(format), ...clippedNote(clipped)] };
}

/**
 * As `readSpeech`, at once, for a WAV file in memory.
 * @throws FormatError as `readWav` does.
 */
export function loadSpeech(bytes: Uint8Array, name: string): Speech {
  const audio = readWav(bytes, name);
  const { channels, sampleRateHz, bits } = audio;
  const format: AudioFormat = {
    container: "WAV",
    sampleRateHz,
    channelCount: channels.length,
    sampleFormat: audio.format,
    bits,
  };
  const mono = toMono(audio);
  const levels = soundLevels(channels.length);
  levels.add(channels, mono);
  const { pcm, clipped } = toPcm16(resample(mono, { fromHz: sampleRateHz, toHz: speechRateHz }));
  const sound = [...levels.notes(audioSeconds(audio)), ...widthNotes(format), ...clippedNote(clipped)];
  return { pcm, seconds: pcm.length / speechRateHz, notes: [...audio.warnings, ...conversionNotes(format), ...sound] };
}
