import { FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { bytesSource, pipeSource } from "./byte-source.ts";
import { crc, type FlacParts, flacBytes } from "./flac.test-support.ts";
import { openAudio } from "./open-audio.ts";

const noise = (bits: number, count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => (((i + 1) * 7919 * seed + (i >> 2) * 104_729) % 2 ** bits) - 2 ** (bits - 1));

test.each([
  ["16 bits, mono", { sampleRateHz: 16_000, bits: 16, channels: [noise(16, 5000, 1)], blockSamples: 1152 }],
  [
    "16 bits, stereo",
    { sampleRateHz: 44_100, bits: 16, channels: [noise(16, 3000, 1), noise(16, 3000, 3)], blockSamples: 576 },
  ],
  [
    "24 bits, stereo",
    { sampleRateHz: 48_000, bits: 24, channels: [noise(24, 3000, 1), noise(24, 3000, 3)], blockSamples: 1000 },
  ],
  [
    "16 bits, of unknown length",
    { sampleRateHz: 16_000, bits: 16, channels: [noise(16, 5000, 1)], blockSamples: 1152, declaredSamples: 0 },
  ],
  [
    "rate and width only in STREAMINFO",
    { sampleRateHz: 16_000, bits: 16, channels: [noise(16, 3000, 1)], blockSamples: 576, plainFrames: true },
  ],
  ["short blocks up to the end", { sampleRateHz: 16_000, bits: 16, channels: [noise(16, 1603, 1)], blockSamples: 16 }],
  [
    "one sample, with a pad of silence",
    { sampleRateHz: 16_000, bits: 16, channels: [[1234, ...Array(15).fill(0)]], blockSamples: 16 },
  ],
] as const)("%s: the samples are those that were written, bit for bit, from a file and a pipe", async (_, parts) => {
  const bytes = flacBytes({ ...parts, channels: parts.channels.map((channel) => [...channel]) });

  for (const source of [bytesSource(bytes, "a.flac"), pipeSource(pieces(bytes, 97), "-")]) {
    const { format, channels, warnings } = await collect(source);

    const [sampleRateHz, bits, channelCount] = [parts.sampleRateHz, parts.bits, parts.channels.length];
    expect(format).toEqual({ container: "FLAC", sampleRateHz, bits, channelCount, sampleFormat: "int" });
    expect(channels.map((channel) => channel.map((value) => value * 2 ** (bits - 1)))).toEqual(parts.channels);
    expect(warnings).toEqual([]);
  }
});

const wholeParts: FlacParts = { sampleRateHz: 16_000, bits: 16, channels: [noise(16, 16_000, 1)], blockSamples: 1600 };
const whole = flacBytes(wholeParts);

test("sound that looks like a frame's end and the next one's sync code is sound", async () => {
  const parts = { sampleRateHz: 16_000, bits: 16, blockSamples: 32 } as const;
  const samples = Array.from({ length: 32 }, (_, i) => i * 100);
  // Behind the stream's 42 bytes: 8 of a header, 1 of a subframe, and 10 samples. Their CRC-16 as the next sample makes 0 of it.
  const before = [...flacBytes({ ...parts, channels: [samples] }).subarray(42, 42 + 9 + 20)];
  const sum = crc(before, { bits: 16, polynomial: 0x8005 });
  samples.splice(10, 2, (sum << 16) >> 16, -8);

  const { channels } = await collect(bytesSource(flacBytes({ ...parts, channels: [samples] }), "a.flac"));

  expect([...channels[0]!].map((value) => value * 2 ** 15)).toEqual(samples);
});

test.each([0.999, 0.9, 0.5, 0.25])(
  "cut off after %d of its bytes it is refused at its end, with both lengths",
  async (part) => {
    const error = await collect(bytesSource(whole.subarray(0, Math.floor(whole.length * part)), "a.flac")).catch(
      (e) => e,
    );

    expect(error).toBeInstanceOf(FormatError);
    const [, got] = /expected 16000 samples \(1\.00 s\), got (\d+) samples/.exec(error.message)!;
    // A block is 3210 bytes for 1600 samples; the decoder gives one out when it has seen the beginning of the next.
    const there = Math.floor((whole.length * part) / 3210) * 1600;
    expect(Number(got)).toBeLessThanOrEqual(there);
    expect(Number(got)).toBeGreaterThanOrEqual(there - 1600);
    expect(error.hint).toContain("copy or download the file again");
  },
);

test.each([
  ["before the first block", 42, "a.flac: expected sound, the FLAC file has none that can be decoded"],
  ["within STREAMINFO", 30, "a.flac: FLAC: expected STREAMINFO, 42 bytes, at the start, got 30 bytes"],
  ["after the magic", 4, "a.flac: FLAC: expected STREAMINFO, 42 bytes, at the start, got 4 bytes"],
])("cut off %s it is refused before any block", async (_, length, message) => {
  await expect(openAudio(bytesSource(whole.subarray(0, length), "a.flac"))).rejects.toThrow(message);
});

test("a file of unknown length that is cut off is refused as well", async () => {
  const open = flacBytes({ ...wholeParts, declaredSamples: 0 });

  await expect(collect(bytesSource(open.subarray(0, 20_000), "a.flac"))).rejects.toThrow(
    "a.flac: FLAC: cut off or damaged after 9600 samples",
  );
});

test("a tag behind the sound is passed over", async () => {
  const tag = new Uint8Array(128);
  tag.set(new TextEncoder().encode("TAGtalk"));

  const { channels } = await collect(bytesSource(Uint8Array.from([...whole, ...tag]), "a.flac"));

  expect(channels[0]).toHaveLength(16_000);
});

test("a flipped bit in the sound is found", async () => {
  const damaged = whole.slice();
  damaged[20_000]! ^= 0x10;

  const error = await collect(bytesSource(damaged, "a.flac")).catch((e) => e);

  expect(error).toBeInstanceOf(FormatError);
  expect(error.message).toContain("a.flac: FLAC: ");
});

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function collect(source: Parameters<typeof openAudio>[0]) {
  const { blocks, format, warnings } = await openAudio(source);
  const channels: number[][] = Array.from({ length: format.channelCount }, () => []);
  for await (const block of blocks) for (const [c, values] of block.entries()) channels[c]!.push(...values);
  return { channels, format, warnings };
}
