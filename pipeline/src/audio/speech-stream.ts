import { FormatError } from "@aiekit/core";
import type { AudioFormat } from "./audio-stream.ts";
import type { ByteSource } from "./byte-source.ts";
import { toMono } from "./mono.ts";
import { type OpenAudioOptions, openAudio } from "./open-audio.ts";
import { createResampler } from "./resampler.ts";
import { conversionNotes, extensionNote, soundLevels, speechRateHz } from "./speech-notes.ts";

/** Speech that is decoded as it is read: 16 kHz, mono, full scale -1 to 1. */
export interface SpeechStream {
  /** Of the recording, before it was converted. */
  readonly format: AudioFormat;
  /** Can be run through once. Blocks are of any length but 0. */
  readonly blocks: AsyncIterable<Float32Array>;
  /** What was converted and what was odd; complete when the blocks have ended. */
  readonly notes: () => readonly string[];
}

/**
 * Opens a recording of any kind that `openAudio` reads. Memory does not grow with its length.
 * @throws FormatError and ToolMissingError as `openAudio` does, before the first block; from the blocks what is found later:
 * NaN, a FLAC file or a pipe that is cut off.
 */
export async function openSpeech(source: ByteSource, options: OpenAudioOptions = {}): Promise<SpeechStream> {
  const { format, blocks, warnings } = await openAudio(source, options);
  const levels = soundLevels(format.channelCount);
  let frames = 0;
  let ended = false;

  async function* speech(): AsyncGenerator<Float32Array> {
    const { push, end } = createResampler({ fromHz: format.sampleRateHz, toHz: speechRateHz });
    for await (const channels of blocks) {
      const mono = toMono({ channels });
      levels.add(channels, mono);
      frames += mono.length;
      const out = push(mono);
      if (out.length > 0) yield out;
    }
    if (frames === 0) {
      throw new FormatError(`${source.name}: expected at least one sample, got none`, {
        hint: "record again, or check that the program that wrote it ran to its end",
      });
    }
    const rest = end();
    ended = true;
    if (rest.length > 0) yield rest;
  }

  const notes = (): readonly string[] => [
    ...extensionNote(source.name, format.container),
    ...warnings,
    ...conversionNotes(format),
    ...(ended ? levels.notes(frames / format.sampleRateHz) : []),
  ];
  return { format, blocks: speech(), notes };
}
