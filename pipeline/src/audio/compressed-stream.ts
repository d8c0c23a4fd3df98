import { FormatError } from "@aiekit/core";
import type { AudioStream } from "./audio-stream.ts";
import type { ByteReader } from "./byte-reader.ts";
import { ffmpegHint } from "./not-a-wav.ts";

/** What a decoder of a library gives for some bytes. */
export interface Decoded {
  readonly channelData: readonly Float32Array[];
  readonly samplesDecoded: number;
  readonly sampleRate: number;
  readonly errors: readonly { readonly message: string }[];
}

export interface Decoder {
  readonly decode: (bytes: Uint8Array) => Decoded | Promise<Decoded>;
  /** What is left in the decoder when the bytes have ended. */
  readonly flush?: () => Promise<Decoded>;
  readonly free: () => void;
}

export interface Codec {
  readonly container: string;
  readonly sampleFormat: "int" | "lossy";
  readonly bits: number | undefined;
  /** Where the file says it; the decoder's count otherwise. */
  readonly channelCount: number | undefined;
  readonly makeDecoder: () => Promise<Decoder>;
  /** Samples of the recording, once they are known: what the decoder gives beyond them is padding. */
  readonly frameLimit?: () => number | undefined;
  /** Judges the whole at its end: warnings, or a throw. */
  readonly atEnd: (sum: { readonly frames: number; readonly sampleRateHz: number }) => readonly string[];
}

// Silence may compress to a few bytes a block: 4 KiB of FLAC hold 10 MB of it, 64 KiB would hold 160.
const pieceBytes = 4096;

/**
 * Decodes a source bit by bit. The first sound is decoded at once, since it tells rate and channels.
 * @throws FormatError for a source without sound; the blocks throw it for one that is damaged or changes its rate.
 */
export async function openCompressed(reader: ByteReader, codec: Codec): Promise<AudioStream> {
  const decoder = await codec.makeDecoder();
  const warnings: string[] = [];
  const pieces = decodedPieces({ reader, codec, decoder, warnings });
  const first = await pieces.next();
  if (first.done === true) {
    throw new FormatError(`${reader.name}: expected sound, the ${codec.container} file has none that can be decoded`, {
      hint: `the file is cut off or damaged: copy it again; or ${ffmpegHint}`,
    });
  }
  const { sampleRate: sampleRateHz, channelData } = first.value;
  const channelCount = codec.channelCount ?? channelData.length;
  const { container, sampleFormat, bits } = codec;

  async function* blocks(): AsyncGenerator<readonly Float32Array[]> {
    let frames = 0;
    try {
      for (let next = first; next.done !== true; next = await pieces.next()) {
        const { channelData: found, samplesDecoded, sampleRate } = next.value;
        if (sampleRate !== sampleRateHz || found.length < channelCount) {
          throw new FormatError(
            `${reader.name}: after ${(frames / sampleRateHz).toFixed(2)} s: expected ${sampleRateHz} Hz, ${channelCount} channel(s) as at the start, got ${sampleRate} Hz, ${found.length}`,
            { hint: ffmpegHint },
          );
        }
        const used = Math.min(samplesDecoded, (codec.frameLimit?.() ?? Number.POSITIVE_INFINITY) - frames);
        if (used <= 0) continue;
        frames += used;
        yield found.slice(0, channelCount).map((channel) => channel.subarray(0, used));
      }
      warnings.push(...codec.atEnd({ frames, sampleRateHz }));
    } finally {
      await pieces.return(undefined);
    }
  }
  return { format: { container, sampleRateHz, channelCount, sampleFormat, bits }, blocks: blocks(), warnings };
}

interface Decoding {
  readonly reader: ByteReader;
  readonly codec: Codec;
  readonly decoder: Decoder;
  readonly warnings: string[];
}

/** What the decoder puts out, without the empty ones. */
async function* decodedPieces({ reader, codec, decoder, warnings }: Decoding): AsyncGenerator<Decoded, void> {
  let errors = 0;
  let firstError = "";
  const judged = ({ errors: found, ...decoded }: Decoded): Decoded => {
    if (found.length > 0 && errors === 0) firstError = found[0]!.message;
    errors += found.length;
    if (found.length > 0 && codec.sampleFormat === "int") {
      throw new FormatError(`${reader.name}: ${codec.container}: damaged: ${firstError}`, {
        hint: "copy or download the file again",
      });
    }
    return { ...decoded, errors: found };
  };
  try {
    for (let taken = await reader.take(); taken !== undefined; taken = await reader.take()) {
      for (let at = 0; at < taken.length; at += pieceBytes) {
        const piece = taken.subarray(at, at + pieceBytes);
        const decoded = judged(await caught(() => decoder.decode(piece)));
        if (decoded.samplesDecoded > 0) yield decoded;
      }
    }
    const rest = judged(await caught(() => decoder.flush?.()));
    if (rest.samplesDecoded > 0) yield rest;
    if (errors > 0) warnings.push(`${codec.container}: ${errors} damaged part(s), the first: ${firstError}`);
  } finally {
    decoder.free();
    await reader.close();
  }
}

/** Decoders throw for some kinds of damage and return errors for others. */
async function caught(decode: () => Decoded | Promise<Decoded> | undefined): Promise<Decoded> {
  const nothing = { channelData: [], samplesDecoded: 0, sampleRate: 0, errors: [] };
  try {
    return (await silently(decode)) ?? nothing;
  } catch (error) {
    return { ...nothing, errors: [{ message: error instanceof Error ? error.message : String(error) }] };
  }
}

/** The decoders print the errors that they return. Nothing else runs between the two lines that touch the console. */
function silently<Found>(decode: () => Found): Found {
  const print = console.error;
  console.error = () => {};
  try {
    return decode();
  } finally {
    console.error = print;
  }
}
