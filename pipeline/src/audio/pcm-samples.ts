import { FormatError } from "@aiekit/core";

/** How uncompressed samples lie in bytes: those of all channels side by side. */
export interface PcmLayout {
  readonly format: "int" | "float";
  readonly channelCount: number;
  readonly sampleRateHz: number;
  /** Bytes of one sample of one channel. 1 byte is unsigned, more are signed. */
  readonly sampleBytes: number;
  /** Bytes of one sample of all channels. */
  readonly frameBytes: number;
  readonly littleEndian: boolean;
}

/** Samples of `bytes` as one array a channel, full scale -1 to 1. Bytes after the last whole frame are left out. */
export function decodePcm(bytes: Uint8Array, layout: PcmLayout): Float32Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames = Math.floor(bytes.length / layout.frameBytes);
  const sampleAt = sampleReader(view, layout);
  return Array.from({ length: layout.channelCount }, (_, channel) => {
    const out = new Float32Array(frames);
    let at = channel * layout.sampleBytes;
    for (let i = 0; i < frames; i++, at += layout.frameBytes) out[i] = sampleAt(at);
    return out;
  });
}

/**
 * Counts the samples beyond full scale. `firstFrame` and `offset` are the place of the block in the recording and its file.
 * @throws FormatError at the first sample that is no number.
 */
export function countBeyondFullScale(
  channels: readonly Float32Array[],
  { sampleRateHz, frameBytes, sampleBytes }: PcmLayout,
  block: { readonly name: string; readonly offset: number; readonly firstFrame: number },
): number {
  let beyond = 0;
  for (const [c, channel] of channels.entries()) {
    for (let i = 0; i < channel.length; i++) {
      const value = channel[i]!;
      if (Math.abs(value) > 1) beyond++;
      if (Number.isFinite(value)) continue;
      const frame = block.firstFrame + i;
      const where = `sample ${frame} (${(frame / sampleRateHz).toFixed(4)} s) of channel ${c}`;
      throw new FormatError(`${block.name}: ${where}: expected a number from -1 to 1, got ${value}`, {
        offset: block.offset + i * frameBytes + c * sampleBytes,
        hint: "the program that wrote the file divided by zero or overflowed: write it again",
      });
    }
  }
  return beyond;
}

export function beyondFullScaleNote(count: number): readonly string[] {
  return count === 0 ? [] : [`${count} float sample(s) lie beyond full scale`];
}

export function partialFrameNote(bytes: number): readonly string[] {
  return bytes === 0 ? [] : [`the last ${bytes} byte(s) are no whole sample and were left out`];
}

function sampleReader(view: DataView, { format, sampleBytes, littleEndian }: PcmLayout): (at: number) => number {
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
