import { FormatError, UsageError } from "@aiekit/core";
import type { AudioStream } from "./audio-stream.ts";
import type { ByteReader } from "./byte-reader.ts";
import {
  beyondFullScaleNote,
  countBeyondFullScale,
  decodePcm,
  type PcmLayout,
  partialFrameNote,
} from "./pcm-samples.ts";

/** Samples without a header, as a microphone program writes them to a pipe. */
export interface RawPcm {
  readonly encoding: "s16le" | "f32le";
  readonly sampleRateHz: number;
  readonly channelCount: number;
}

/** A run of uncompressed samples in a source that is read up to them. */
interface PcmRun {
  readonly reader: ByteReader;
  readonly layout: PcmLayout;
  /** Of the first sample in the file. */
  readonly offset: number;
  /** At most so many bytes are samples. */
  readonly maxBytes: number;
  /** Takes what is odd, at the latest when the run has ended. */
  readonly warnings: string[];
  /** Called when the run has ended, with the bytes that were there; may throw. */
  readonly onEnd: (foundBytes: number) => void | Promise<void>;
}

/** @throws UsageError for a rate or a channel count that cannot be. The blocks throw FormatError for NaN and for no samples. */
export function openRawPcm(reader: ByteReader, { encoding, sampleRateHz, channelCount }: RawPcm): AudioStream {
  if (!Number.isInteger(sampleRateHz) || sampleRateHz < 1000 || sampleRateHz > 768_000) {
    throw new UsageError(`raw PCM: expected a sample rate of 1000 to 768000 Hz, got ${sampleRateHz}`);
  }
  if (!Number.isInteger(channelCount) || channelCount < 1 || channelCount > 65_535) {
    throw new UsageError(`raw PCM: expected 1 to 65535 channels, got ${channelCount}`);
  }
  const isFloat = encoding === "f32le";
  const sampleBytes = isFloat ? 4 : 2;
  const format = isFloat ? "float" : "int";
  const frameBytes = sampleBytes * channelCount;
  const layout: PcmLayout = { format, channelCount, sampleRateHz, sampleBytes, frameBytes, littleEndian: true };
  const warnings: string[] = [];
  const onEnd = (found: number): void => {
    if (found >= frameBytes) return;
    throw new FormatError(`${reader.name}: expected at least one sample of ${frameBytes} bytes, got ${found} bytes`, {
      offset: 0,
      hint: "check that the program that feeds the pipe ran, and wrote to stdout",
    });
  };
  return {
    format: { container: "raw PCM", sampleRateHz, channelCount, sampleFormat: format, bits: sampleBytes * 8 },
    blocks: pcmBlocks({ reader, layout, offset: 0, maxBytes: Number.POSITIVE_INFINITY, warnings, onEnd }),
    warnings,
  };
}

/** Decodes a run block by block. @throws FormatError for a sample that is no number, and whatever `onEnd` throws. */
export async function* pcmBlocks(run: PcmRun): AsyncGenerator<Float32Array[]> {
  const { reader, layout, offset, maxBytes, warnings, onEnd } = run;
  const { frameBytes } = layout;
  let rest: Uint8Array = new Uint8Array();
  let [found, frames, beyond] = [0, 0, 0];
  try {
    while (found < maxBytes) {
      const taken = await reader.take();
      if (taken === undefined) break;
      const bytes = taken.subarray(0, Math.min(taken.length, maxBytes - found));
      if (bytes.length < taken.length) reader.giveBack(taken.subarray(bytes.length));
      found += bytes.length;
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const whole = all.length - (all.length % frameBytes);
      rest = all.slice(whole);
      if (whole === 0) continue;
      const channels = decodePcm(all.subarray(0, whole), layout);
      const block = { name: reader.name, offset: offset + frames * frameBytes, firstFrame: frames };
      if (layout.format === "float") beyond += countBeyondFullScale(channels, layout, block);
      frames += whole / frameBytes;
      yield channels;
    }
    await onEnd(found);
    warnings.push(...partialFrameNote(rest.length), ...beyondFullScaleNote(beyond));
  } finally {
    await reader.close();
  }
}
