import { FormatError } from "@aiekit/core";
import { audioKind, kindBytes } from "./audio-kind.ts";
import type { AudioStream } from "./audio-stream.ts";
import { ByteReader } from "./byte-reader.ts";
import type { ByteSource } from "./byte-source.ts";
import { codecFor } from "./codecs.ts";
import { openCompressed } from "./compressed-stream.ts";
import { openWithFfmpeg } from "./ffmpeg.ts";
import { refuseNoSound } from "./not-a-wav.ts";
import { openRawPcm, type RawPcm } from "./pcm-stream.ts";
import { CompressedWavError } from "./wav-format.ts";
import { openWav } from "./wav-stream.ts";

export interface OpenAudioOptions {
  /** The source has no header: samples of this form. */
  readonly raw?: RawPcm | undefined;
  /** Path or name of ffmpeg, for what is not decoded here; `ffmpeg` when left out. */
  readonly ffmpeg?: string | undefined;
}

/**
 * Opens a recording by its content, whatever its name says: WAV, FLAC, MP3, Ogg Opus, Vorbis and FLAC are decoded here, the
 * rest by ffmpeg where it is installed. Reads in blocks; memory does not grow with the length.
 * @throws FormatError for what is no recording, or a damaged one; ToolMissingError where ffmpeg is needed and missing.
 */
export async function openAudio(source: ByteSource, options: OpenAudioOptions = {}): Promise<AudioStream> {
  const reader = new ByteReader(source);
  try {
    if (options.raw !== undefined) return openRawPcm(reader, options.raw);
    return await openByContent(reader, options.ffmpeg ?? "ffmpeg");
  } catch (error) {
    await reader.close();
    throw error;
  }
}

async function openByContent(reader: ByteReader, ffmpeg: string): Promise<AudioStream> {
  const start = await reader.peek(kindBytes);
  const kind = audioKind(start);
  if (kind.is === "decoded" && kind.name === "WAV") {
    try {
      return await openWav(reader);
    } catch (error) {
      if (!(error instanceof CompressedWavError) || reader.source.path === undefined) throw error;
      return openOther(reader, { what: `WAV with ${error.codec}`, ffmpeg });
    }
  }
  if (kind.is === "decoded")
    return openCompressed(reader, await codecFor(kind.name as Exclude<typeof kind.name, "WAV">, reader));
  if (kind.is === "empty" || kind.is === "no-sound") refuseNoSound(start, reader.name);
  const what = kind.is === "media" ? kind.name : `something unknown (first bytes ${kind.firstBytes})`;
  return openOther(reader, { what, ffmpeg });
}

async function openOther(
  reader: ByteReader,
  { what, ffmpeg }: { readonly what: string; readonly ffmpeg: string },
): Promise<AudioStream> {
  const { name, path } = reader.source;
  if (path === undefined) {
    throw new FormatError(`${name}: expected WAV, FLAC, MP3, Ogg Opus or Vorbis from a pipe, got ${what}`, {
      offset: 0,
      hint: "save it to a file and name that; samples without a header need their rate and encoding told",
    });
  }
  await reader.close();
  return openWithFfmpeg({ name, path, what, program: ffmpeg });
}
