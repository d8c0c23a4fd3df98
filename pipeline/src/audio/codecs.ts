import { FormatError } from "@aiekit/core";
import type { DecodedKind } from "./audio-kind.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { Codec, Decoded, Decoder } from "./compressed-stream.ts";
import { cutFlacFrames, type FlacFrames } from "./flac-frames.ts";
import { mpegFrame } from "./mpeg-frame.ts";
import { followOggPages, type OggPages } from "./ogg-pages.ts";

/** How a compressed recording is decoded, by what its beginning says. The decoders are loaded when they are needed. */
export function codecFor(kind: Exclude<DecodedKind, "WAV">, reader: ByteReader): Promise<Codec> {
  switch (kind) {
    case "FLAC":
      return flac(reader);
    case "MP3":
      return mp3(reader);
    case "Ogg FLAC":
      return Promise.resolve({ ...ogg(kind, makeFlacDecoder), sampleFormat: "int" });
    case "Ogg Opus":
      return opus(reader);
    case "Ogg Vorbis":
      return Promise.resolve(ogg(kind, makeVorbisDecoder));
  }
}

const streamInfoEnd = 42;
const flacHint = "copy or download the file again; to use what is there: ffmpeg -i INPUT OUTPUT.wav";

/** Source: RFC 9639, section 8.2 (STREAMINFO). */
async function flac(reader: ByteReader): Promise<Codec> {
  const bytes = await reader.peek(streamInfoEnd);
  const { name } = reader;
  if (bytes.length < streamInfoEnd || (bytes[4]! & 0x7f) !== 0) {
    throw new FormatError(`${name}: FLAC: expected STREAMINFO, 42 bytes, at the start, got ${bytes.length} bytes`, {
      offset: 4,
      hint: "the file is cut off or damaged: copy or download it again",
    });
  }
  const channelCount = ((bytes[20]! >> 1) & 7) + 1;
  const bits = ((bytes[20]! & 1) << 4) + (bytes[21]! >> 4) + 1;
  const declared = (bytes[21]! & 15) * 2 ** 32 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(22);
  const cutter = cutFlacFrames();
  // The other blocks of metadata are left out: this one becomes the last.
  const info = bytes.slice();
  info[4]! |= 0x80;
  const atEnd: Codec["atEnd"] = ({ frames, sampleRateHz }) => {
    // 0 stands for a length that the encoder did not know.
    if (declared === 0 && cutter.leftBytes() > 0) {
      throw new FormatError(`${name}: FLAC: cut off or damaged after ${frames} samples`, { hint: flacHint });
    }
    if (declared === 0 || frames === declared) return [];
    const [expected, found] = [declared, frames].map((n) => `${n} samples (${(n / sampleRateHz).toFixed(2)} s)`);
    throw new FormatError(`${name}: FLAC: cut off or damaged: expected ${expected}, got ${found}`, {
      hint: flacHint,
    });
  };
  return {
    container: "FLAC",
    sampleFormat: "int",
    bits,
    channelCount,
    makeDecoder: () => makeFlacFileDecoder(cutter, info),
    atEnd,
  };
}

// Pictures in a tag are seldom larger; beyond it, the count of channels is the decoder's.
const longestTagBytes = 2 ** 22;

/** The first frame tells mono from stereo, and may hold the encoder's count of frames (Xing or Info). */
async function mp3(reader: ByteReader): Promise<Codec> {
  const start = await reader.peek(10);
  const isTagged = String.fromCharCode(...start.subarray(0, 3)) === "ID3" && start.length === 10;
  const tagBytes = isTagged ? 10 + [6, 7, 8, 9].reduce((size, i) => size * 128 + (start[i]! & 0x7f), 0) : 0;
  const bytes = tagBytes > longestTagBytes ? start : await reader.peek(tagBytes + 4096);
  const frame = mpegFrame(bytes, tagBytes);
  const infoAt = tagBytes + (frame?.infoOffset ?? 0);
  const info = frame === undefined ? bytes.subarray(0, 0) : bytes.subarray(infoAt, infoAt + 12);
  const isInfo = info.length === 12 && /^(Xing|Info)/.test(String.fromCharCode(...info)) && (info[7]! & 1) === 1;
  const declared = isInfo ? new DataView(info.buffer, info.byteOffset).getUint32(8) * frame!.samples : 0;
  const atEnd: Codec["atEnd"] = ({ frames, sampleRateHz }) => {
    // The encoder's delay and padding, at most 3 frames, are taken off by the decoder.
    if (frame === undefined || frames >= declared - 3 * frame.samples) return [];
    const [expected, found] = [declared, frames].map((n) => (n / sampleRateHz).toFixed(2));
    return [`cut off: the header tells of ${expected} s, ${found} s are there`];
  };
  const channelCount = frame?.channelCount;
  return {
    container: "MP3",
    sampleFormat: "lossy",
    bits: undefined,
    channelCount,
    makeDecoder: makeMpegDecoder,
    atEnd,
  };
}

const opusHeadEnd = 40;

/** The last page counts the samples that the decoder needs to settle; source: RFC 7845, section 4.2 (pre-skip). */
async function opus(reader: ByteReader): Promise<Codec> {
  const bytes = await reader.peek(opusHeadEnd);
  const preSkip = bytes.length < opusHeadEnd ? 0 : bytes[38]! + bytes[39]! * 256;
  const { endPosition, ...codec } = ogg("Ogg Opus", makeOpusDecoder);
  const frameLimit = (): number | undefined => {
    const end = endPosition();
    return end === undefined ? undefined : end - preSkip;
  };
  return { ...codec, frameLimit };
}

function ogg(container: string, make: () => Promise<Decoder>): Codec & Pick<OggPages, "endPosition"> {
  const { wholePages, cutPage, atEnd, endPosition } = followOggPages();
  const makeDecoder = async (): Promise<Decoder> => {
    const decoder = await make();
    const decode: Decoder["decode"] = (bytes) => decoder.decode(wholePages(bytes));
    const flush = async (): Promise<Decoded> => {
      const cut = cutPage();
      const found = cut.length === 0 ? undefined : await decoder.decode(cut);
      const rest = await decoder.flush!();
      return found === undefined || found.samplesDecoded === 0 ? rest : joined(found, rest);
    };
    return { decode, flush, free: () => decoder.free() };
  };
  const unknown = { bits: undefined, channelCount: undefined };
  return { container, sampleFormat: "lossy", ...unknown, makeDecoder, atEnd, endPosition };
}

function joined(first: Decoded, second: Decoded): Decoded {
  if (second.samplesDecoded === 0) return { ...first, errors: [...first.errors, ...second.errors] };
  const channelData = first.channelData.map((samples, i) =>
    Float32Array.from([...samples, ...(second.channelData[i] ?? [])]),
  );
  return {
    channelData,
    samplesDecoded: first.samplesDecoded + second.samplesDecoded,
    sampleRate: first.sampleRate,
    errors: [...first.errors, ...second.errors],
  };
}

async function makeFlacDecoder(): Promise<Decoder> {
  const { FLACDecoder } = await import("@wasm-audio-decoders/flac");
  const decoder = await whenReady(new FLACDecoder());
  return {
    decode: async (bytes) => toFullScale(await decoder.decode(bytes)),
    flush: async () => toFullScale(await decoder.flush()),
    free: () => decoder.free(),
  };
}

async function makeFlacFileDecoder({ push, end }: FlacFrames, info: Uint8Array): Promise<Decoder> {
  const { FLACDecoder } = await import("@wasm-audio-decoders/flac");
  const decoder = await whenReady(new FLACDecoder());
  // Frames may leave their rate and width to STREAMINFO.
  await decoder.decodeFrames([info]);
  const decode = async (frames: readonly Uint8Array[]) => toFullScale(await decoder.decodeFrames([...frames]));
  return { decode: (bytes) => decode(push(bytes)), flush: () => decode(end()), free: () => decoder.free() };
}

/** The decoder divides by 2^(bits-1) - 1; full scale here is 2^(bits-1), as for WAV. Rounding gives the very integers again. */
function toFullScale<Found extends Decoded & { readonly bitDepth: number }>(found: Found): Found {
  const scale = 2 ** (found.bitDepth - 1);
  for (const channel of found.channelData) {
    for (let i = 0; i < channel.length; i++) channel[i] = Math.round(channel[i]! * (scale - 1)) / scale;
  }
  return found;
}

async function makeMpegDecoder() {
  const { MPEGDecoder } = await import("mpg123-decoder");
  return whenReady(new MPEGDecoder());
}

async function makeOpusDecoder() {
  const { OggOpusDecoder } = await import("ogg-opus-decoder");
  return whenReady(new OggOpusDecoder());
}

async function makeVorbisDecoder() {
  const { OggVorbisDecoder } = await import("@wasm-audio-decoders/ogg-vorbis");
  return whenReady(new OggVorbisDecoder());
}

async function whenReady<Kind extends { ready: Promise<void> }>(decoder: Kind): Promise<Kind> {
  await decoder.ready;
  return decoder;
}
