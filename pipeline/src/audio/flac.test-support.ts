/** A FLAC file put together by hand, with uncompressed (verbatim) blocks, so that the decoder meets what nobody's encoder made. */
export interface FlacParts {
  readonly sampleRateHz: 16_000 | 44_100 | 48_000;
  readonly bits: 16 | 24;
  readonly channels: readonly (readonly number[])[];
  readonly blockSamples: number;
  /** Of the header; the true count when left out. */
  readonly declaredSamples?: number;
  /** Frames leave rate and width to STREAMINFO (codes 0). */
  readonly plainFrames?: boolean;
}

const rateCodes = { 16000: 5, 44100: 9, 48000: 10 };
const sizeCodes = { 16: 4, 24: 6 };

/** Source: RFC 9639, sections 8.2 (STREAMINFO) and 9 (frames). */
export function flacBytes({
  sampleRateHz,
  bits,
  channels,
  blockSamples,
  declaredSamples,
  plainFrames,
}: FlacParts): Uint8Array {
  const total = channels[0]!.length;
  const info = [
    ...[...bigEndian(blockSamples, 2), ...bigEndian(blockSamples, 2), ...bigEndian(0, 3), ...bigEndian(0, 3)],
    ...bigEndian(sampleRateHz * 2 ** 12 + (channels.length - 1) * 2 ** 9 + (bits - 1) * 2 ** 4, 4),
    ...bigEndian(declaredSamples ?? total, 4),
    ...Array(16).fill(0),
  ];
  const bytes = [0x66, 0x4c, 0x61, 0x43, 0x80, ...bigEndian(info.length, 3), ...info];
  for (let at = 0, frame = 0; at < total; at += blockSamples, frame++) {
    const size = Math.min(blockSamples, total - at);
    const codes = [
      0x70 + (plainFrames ? 0 : rateCodes[sampleRateHz]),
      (channels.length - 1) * 16 + (plainFrames ? 0 : sizeCodes[bits] * 2),
    ];
    const header = [0xff, 0xf8, ...codes, frame, ...bigEndian(size - 1, 2)];
    const body = [...header, crc(header, { bits: 8, polynomial: 0x07 })];
    for (const channel of channels) {
      body.push(0x02, ...channel.slice(at, at + size).flatMap((sample) => bigEndian(sample, bits / 8)));
    }
    bytes.push(...body, ...bigEndian(crc(body, { bits: 16, polynomial: 0x8005 }), 2));
  }
  return Uint8Array.from(bytes);
}

function bigEndian(value: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(value / 2 ** (8 * (count - 1 - i))) & 0xff);
}

export function crc(bytes: readonly number[], { bits, polynomial }: { bits: 8 | 16; polynomial: number }): number {
  let value = 0;
  for (const byte of bytes) {
    value ^= byte << (bits - 8);
    for (let i = 0; i < 8; i++)
      value = value & (1 << (bits - 1)) ? ((value << 1) ^ polynomial) & (2 ** bits - 1) : value << 1;
  }
  return value;
}
