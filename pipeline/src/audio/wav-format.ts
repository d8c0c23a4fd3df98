import { FormatError } from "@aiekit/core";
import { ffmpegHint, formatTagName } from "./not-a-wav.ts";

/** How a WAV's samples lie in its data chunk. */
export interface WavFormat {
  readonly format: "int" | "float";
  readonly channelCount: number;
  readonly sampleRateHz: number;
  readonly bits: number;
  /** Bytes of one sample of one channel; samples of odd widths are left-justified in them. */
  readonly sampleBytes: number;
  /** Bytes of one sample of all channels. */
  readonly frameBytes: number;
}

const pcmTag = 1;
const floatTag = 3;
const extensibleTag = 0xfffe;
// Outside of these a header is damaged rather than unusual.
const lowestRateHz = 1000;
const highestRateHz = 768_000;

/**
 * Reads a fmt chunk. `offset` is the chunk's place in the file, for errors.
 * @throws FormatError for compressed formats (by name), widths that no WAV has, and contradictions.
 * Source: Microsoft, Multiple Channel Audio Data and WAVE Files (WAVE_FORMAT_EXTENSIBLE).
 */
export function readWavFormat(
  chunk: DataView,
  source: { name: string; offset: number; littleEndian: boolean },
): WavFormat {
  const { name, offset, littleEndian } = source;
  const fail = (what: string, at: number): never => {
    throw new FormatError(`${name}: fmt chunk: ${what}`, { offset: offset + at, hint: ffmpegHint });
  };
  if (chunk.byteLength < 16) fail(`expected 16 bytes or more, got ${chunk.byteLength}`, 0);
  const u16 = (at: number): number => chunk.getUint16(at, littleEndian);
  const declaredTag = u16(0);
  const isExtensible = declaredTag === extensibleTag;
  if (isExtensible && chunk.byteLength < 40) fail(`expected 40 bytes (extensible), got ${chunk.byteLength}`, 0);
  const tag = isExtensible ? u16(24) : declaredTag;
  if (tag !== pcmTag && tag !== floatTag) throw new CompressedWavError(name, { offset, codec: formatTagName(tag) });

  const format = tag === pcmTag ? "int" : "float";
  const [channelCount, sampleRateHz, frameBytes, bits] = [u16(2), chunk.getUint32(4, littleEndian), u16(12), u16(14)];
  if (channelCount === 0) fail("expected 1 channel or more, got 0", 2);
  if (sampleRateHz < lowestRateHz || sampleRateHz > highestRateHz) {
    fail(`expected a sample rate of ${lowestRateHz} to ${highestRateHz} Hz, got ${sampleRateHz}`, 4);
  }
  const sampleBytes = Math.ceil(bits / 8);
  const widths = format === "int" ? [1, 2, 3, 4] : [4, 8];
  if (!widths.includes(sampleBytes) || (format === "float" && bits % 32 !== 0)) {
    fail(`bits: expected ${widths.map((w) => w * 8).join(", ")} for ${format} samples, got ${bits}`, 14);
  }
  if (frameBytes !== channelCount * sampleBytes) {
    fail(
      `${channelCount} channel(s) of ${bits} bits need ${channelCount * sampleBytes} bytes a frame, got ${frameBytes}`,
      12,
    );
  }
  return { format, channelCount, sampleRateHz, bits, sampleBytes, frameBytes };
}

/** The samples are not kept as numbers; `codec` names how they are. */
export class CompressedWavError extends FormatError {
  readonly codec: string;

  constructor(name: string, { offset, codec }: { readonly offset: number; readonly codec: string }) {
    super(`${name}: fmt chunk: expected PCM or float samples, got ${codec}`, { offset, hint: ffmpegHint });
    this.codec = codec;
  }
}
