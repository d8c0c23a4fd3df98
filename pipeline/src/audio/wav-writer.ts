import { ShapeError } from "@aiekit/core";

/** A WAV file of 16-bit samples. `channels` are interleaved and must be of one length. @throws ShapeError where they are not. */
export function writeWav({
  sampleRateHz,
  channels,
}: {
  sampleRateHz: number;
  channels: readonly Int16Array[];
}): Uint8Array {
  const frames = channels[0]?.length ?? 0;
  if (channels.length === 0 || channels.some(({ length }) => length !== frames)) {
    const lengths = channels.map(({ length }) => length).join(", ");
    throw new ShapeError(`WAV: expected one or more channels of one length, got [${lengths}]`);
  }
  const frameBytes = channels.length * 2;
  const dataBytes = frames * frameBytes;
  const bytes = new Uint8Array(44 + dataBytes);
  const view = new DataView(bytes.buffer);
  const text = (at: number, fourCc: string): void => bytes.set(new TextEncoder().encode(fourCc), at);
  text(0, "RIFF");
  view.setUint32(4, 36 + dataBytes, true);
  text(8, "WAVE");
  text(12, "fmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels.length, true);
  view.setUint32(24, sampleRateHz, true);
  view.setUint32(28, sampleRateHz * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, dataBytes, true);
  for (const [c, channel] of channels.entries()) {
    for (let i = 0; i < frames; i++) view.setInt16(44 + i * frameBytes + c * 2, channel[i]!, true);
  }
  return bytes;
}
