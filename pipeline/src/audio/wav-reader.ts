import { FormatError } from "@aiekit/core";
import type { Audio } from "./audio.ts";
import { ffmpegHint, refuseOtherFormat } from "./not-a-wav.ts";
import { readWavFormat, type WavFormat } from "./wav-format.ts";

const sizeUnknown = 0xffffffff;
// Writers to a pipe claim all of 2 or 4 GiB, less their header or a page (espeak-ng --stdout: 0x7ffff000).
const openSizes = [0x7fff, 0xffff];

/**
 * Reads a WAV file: RIFF, RIFX (big-endian) and RF64, integer samples of 8 to 32 bits, float of 32 and 64, any number of
 * channels. Sizes that a stream left open (0 or 0xFFFFFFFF) run to the end of the file, with a warning.
 * @throws FormatError with what was expected, what was found and what to do: another format, a compressed one, a file cut
 * off (with the seconds that are there), no samples, NaN or infinity (with the sample's place).
 */
export function readWav(bytes: Uint8Array, name: string): Audio {
  const file = riffFile(bytes, name);
  const { format, data, warnings } = findSamples(file);
  const frames = Math.floor(data.length / format.frameBytes);
  if (frames === 0) {
    throw new FormatError(`${name}: expected at least one sample, the data chunk has ${data.length} bytes`, {
      offset: data.offset,
      hint: "record again, or check that the program that wrote it ran to its end",
    });
  }
  const left = data.length % format.frameBytes;
  const partial = left === 0 ? [] : [`the last ${left} byte(s) are no whole sample and were left out`];
  const samples = { view: file.view, offset: data.offset, frames, littleEndian: file.littleEndian };
  const channels = Array.from({ length: format.channelCount }, (_, c) => decodeChannel(samples, format, c));
  const loud = format.format === "float" ? checkFloats(channels, format, { name, offset: data.offset }) : [];
  return {
    sampleRateHz: format.sampleRateHz,
    channels,
    bits: format.bits,
    format: format.format,
    warnings: [...warnings, ...partial, ...loud],
  };
}

interface RiffFile {
  readonly name: string;
  readonly view: DataView;
  readonly littleEndian: boolean;
  /** From the ds64 chunk of an RF64 file. */
  readonly data64: bigint | undefined;
  readonly declaredBytes: number;
}

function riffFile(bytes: Uint8Array, name: string): RiffFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = bytes.length >= 12 ? fourCc(view, 0) : "";
  if (!["RIFF", "RIFX", "RF64", "BW64"].includes(magic) || fourCc(view, 8) !== "WAVE") refuseOtherFormat(bytes, name);
  const littleEndian = magic !== "RIFX";
  const isLong = (magic === "RF64" || magic === "BW64") && bytes.length >= 36 && fourCc(view, 12) === "ds64";
  const data64 = isLong ? view.getBigUint64(28, true) : undefined;
  return { name, view, littleEndian, data64, declaredBytes: view.getUint32(4, littleEndian) + 8 };
}

interface Chunk {
  /** Of its content. */
  readonly offset: number;
  readonly length: number;
}

function findSamples(file: RiffFile): { format: WavFormat; data: Chunk; warnings: string[] } {
  const { name, view, littleEndian } = file;
  let format: WavFormat | undefined;
  let at = 12;
  while (at + 8 <= view.byteLength) {
    const id = fourCc(view, at);
    const declared = view.getUint32(at + 4, littleEndian);
    const offset = at + 8;
    const left = view.byteLength - offset;
    if (id === "data") {
      if (format === undefined) {
        throw new FormatError(`${name}: expected a fmt chunk before the data chunk, found none`, {
          offset: at,
          hint: ffmpegHint,
        });
      }
      return { format, ...dataChunk(file, format, { offset, declared, left }) };
    }
    if (declared > left) {
      const cut = `${name}: chunk ${JSON.stringify(id)} of ${declared} bytes is cut off, ${left} are there`;
      throw new FormatError(cut, { offset: at, hint: "copy or download the file again" });
    }
    if (id === "fmt ") {
      const chunk = new DataView(view.buffer, view.byteOffset + offset, declared);
      format = readWavFormat(chunk, { name, offset, littleEndian });
    }
    at = nextChunk(view, offset + declared);
  }
  const what = format === undefined ? "fmt and data chunks" : "a data chunk";
  throw new FormatError(`${name}: expected ${what}, found the end of the file`, {
    offset: Math.min(at, view.byteLength),
    hint: "the file is cut off or holds no sound: copy or record it again",
  });
}

/** Chunks begin at even offsets; some writers leave the padding byte out, which shows in the name of what follows. */
function nextChunk(view: DataView, end: number): number {
  const isNamed = (at: number): boolean => at + 8 <= view.byteLength && /^[\x20-\x7e]{4}$/.test(fourCc(view, at));
  const padded = end + (end % 2);
  return padded !== end && isNamed(end) && !isNamed(padded) ? end : padded;
}

function dataChunk(
  file: RiffFile,
  format: WavFormat,
  chunk: { readonly offset: number; readonly declared: number; readonly left: number },
): { data: Chunk; warnings: string[] } {
  const { offset, declared, left } = chunk;
  const isLong = declared === sizeUnknown && file.data64 !== undefined;
  const size = isLong ? Number(file.data64) : declared;
  // A size of 0 is true where the file's own size agrees, else a stream's that was never filled in.
  const isZeroOpen = size === 0 && left > 0 && file.declaredBytes !== file.view.byteLength;
  const isOpen = isZeroOpen || (!isLong && size > left && openSizes.includes(size >>> 16));
  if (isOpen)
    return { data: { offset, length: left }, warnings: ["the size was left open (a stream): read to the end"] };
  if (size > left) {
    const bytesASecond = format.frameBytes * format.sampleRateHz;
    const [expected, found] = [size, left].map((bytes) => (bytes / bytesASecond).toFixed(2));
    throw new FormatError(
      `${file.name}: cut off: the data chunk declares ${size} bytes (${expected} s), ${left} bytes (${found} s) are there`,
      {
        offset: offset + left,
        hint: "copy or download the file again; to use what is there: ffmpeg -i INPUT OUTPUT.wav",
      },
    );
  }
  return { data: { offset, length: size }, warnings: [] };
}

interface Samples {
  readonly view: DataView;
  readonly offset: number;
  readonly frames: number;
  readonly littleEndian: boolean;
}

function decodeChannel(
  { view, offset, frames, littleEndian }: Samples,
  format: WavFormat,
  channel: number,
): Float32Array {
  const { sampleBytes, frameBytes } = format;
  const sampleAt = sampleReader(view, format, littleEndian);
  const out = new Float32Array(frames);
  let at = offset + channel * sampleBytes;
  for (let i = 0; i < frames; i++, at += frameBytes) out[i] = sampleAt(at);
  return out;
}

function sampleReader(
  view: DataView,
  { format, sampleBytes }: WavFormat,
  littleEndian: boolean,
): (at: number) => number {
  if (format === "float" && sampleBytes === 8) return (at) => view.getFloat64(at, littleEndian);
  if (format === "float") return (at) => view.getFloat32(at, littleEndian);
  switch (sampleBytes) {
    case 1:
      return (at) => (view.getUint8(at) - 128) / 2 ** 7;
    case 2:
      return (at) => view.getInt16(at, littleEndian) / 2 ** 15;
    case 3:
      return (at) => {
        const high = view.getInt8(littleEndian ? at + 2 : at) * 2 ** 16;
        const low = littleEndian ? view.getUint16(at, true) : view.getUint16(at + 1, false);
        return (high + low) / 2 ** 23;
      };
    default:
      return (at) => view.getInt32(at, littleEndian) / 2 ** 31;
  }
}

/** @throws FormatError at the first sample that is no number. Returns a warning where samples exceed full scale. */
function checkFloats(
  channels: readonly Float32Array[],
  { sampleRateHz, frameBytes, sampleBytes }: WavFormat,
  file: { readonly name: string; readonly offset: number },
): string[] {
  let beyond = 0;
  for (const [c, channel] of channels.entries()) {
    for (let i = 0; i < channel.length; i++) {
      const value = channel[i]!;
      if (Math.abs(value) > 1) beyond++;
      if (Number.isFinite(value)) continue;
      const where = `sample ${i} (${(i / sampleRateHz).toFixed(4)} s) of channel ${c}`;
      throw new FormatError(`${file.name}: ${where}: expected a number from -1 to 1, got ${value}`, {
        offset: file.offset + i * frameBytes + c * sampleBytes,
        hint: "the program that wrote the file divided by zero or overflowed: write it again",
      });
    }
  }
  return beyond === 0 ? [] : [`${beyond} float sample(s) lie beyond full scale`];
}

function fourCc(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
