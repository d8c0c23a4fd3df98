/** A frame of MPEG audio, layer III. */
interface MpegFrame {
  readonly sampleRateHz: number;
  readonly channelCount: 1 | 2;
  /** Of a channel. */
  readonly samples: number;
  /** Header and sound together. */
  readonly bytes: number;
  /** Where an encoder's note on the whole file lies, counted from the frame's start. */
  readonly infoOffset: number;
}

const bitrates1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const bitrates2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const rates1 = [44_100, 48_000, 32_000];

/**
 * Reads the header of a frame; undefined where there is none.
 * Source: ISO/IEC 11172-3 section 2.4.1.3 and 13818-3; version 2.5 (bits 00) is the common extension for 8 to 12 kHz.
 */
export function mpegFrame(bytes: Uint8Array, at: number): MpegFrame | undefined {
  if (at < 0 || at + 4 > bytes.length || bytes[at] !== 0xff) return undefined;
  const [b1, b2, b3] = [bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!];
  const version = (b1 >> 3) & 3;
  const isLayer3 = (b1 & 0xe6) === 0xe2;
  if (!isLayer3 || version === 1) return undefined;
  const isVersion1 = version === 3;
  const bitrate = (isVersion1 ? bitrates1 : bitrates2)[b2 >> 4];
  const rate = rates1[(b2 >> 2) & 3];
  if (bitrate === undefined || bitrate === 0 || rate === undefined) return undefined;
  const sampleRateHz = rate / { 3: 1, 2: 2, 0: 4 }[version as 0 | 2 | 3];
  const channelCount = b3 >> 6 === 3 ? 1 : 2;
  const samples = isVersion1 ? 1152 : 576;
  const padding = (b2 >> 1) & 1;
  const sideBytes = { 1: { 1: 17, 2: 32 }, 2: { 1: 9, 2: 17 } }[isVersion1 ? 1 : 2][channelCount];
  return {
    sampleRateHz,
    channelCount,
    samples,
    bytes: Math.floor(((samples / 8) * bitrate * 1000) / sampleRateHz) + padding,
    infoOffset: 4 + sideBytes,
  };
}
