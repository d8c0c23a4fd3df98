import { FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { ByteReader } from "./byte-reader.ts";
import { type ByteSource, bytesSource, pipeSource } from "./byte-source.ts";
import { ascii, floatBytes, wavBytes } from "./wav.test-support.ts";
import { readWav } from "./wav-reader.ts";
import { openWav } from "./wav-stream.ts";

const noise = Array.from({ length: 5000 }, (_, i) => (i * 7919 + (i >> 3)) % 256);
const cover = [...ascii("LIST"), 0x71, 0x17, 0, 0, ...Array(6001).fill(65), 0];

test.each([
  ["8 bits", wavBytes({ fmt: [1, 1, 8000, 8000, 1, 8], data: noise })],
  ["16 bits stereo", wavBytes({ fmt: [1, 2, 44100, 176400, 4, 16], data: noise })],
  ["24 bits, 5 channels", wavBytes({ fmt: [1, 5, 48000, 720000, 15, 24], data: noise })],
  ["32 bits, big-endian", wavBytes({ magic: "RIFX", fmt: [1, 1, 16000, 64000, 4, 32], data: noise })],
  ["64-bit float", wavBytes({ fmt: [3, 1, 16000, 128000, 8, 64], data: Array(90).fill(floatBytes(0.3, 8)).flat() })],
  ["6 kB before the samples, a chunk behind", wavBytes({ between: cover, data: noise, behind: cover })],
  ["an open size", wavBytes({ dataSize: 0xffffffff, riffSize: 0xffffffff, data: noise })],
  ["a byte too many", wavBytes({ data: [...noise, 1] })],
])("%s: blocks from a file and from a pipe in pieces of 7 bytes are the samples of the whole", async (_, bytes) => {
  const whole = readWav(bytes, "a.wav");

  for (const source of [bytesSource(bytes, "a.wav"), pipeSource(pieces(bytes, 7), "-")]) {
    const { channels, format, warnings } = await collect(source);

    expect(channels).toEqual(whole.channels.map((channel) => [...channel]));
    expect(format).toEqual({
      container: "WAV",
      sampleRateHz: whole.sampleRateHz,
      channelCount: whole.channels.length,
      sampleFormat: whole.format,
      bits: whole.bits,
    });
    expect(warnings).toEqual(whole.warnings);
  }
});

test("a file that is cut off is refused before its first block, a pipe at its end", async () => {
  const cut = wavBytes({ dataSize: 64_000, data: Array(16_000).fill(0) });
  const message = "a.wav: cut off: the data chunk declares 64000 bytes (2.00 s), 16000 bytes (0.50 s) are there";

  await expect(openWav(new ByteReader(bytesSource(cut, "a.wav")))).rejects.toThrow(message);
  const piped = await openWav(new ByteReader(pipeSource(pieces(cut, 1000), "a.wav")));
  await expect(drain(piped.blocks)).rejects.toThrow(message);
});

test("a second data chunk is told of a file; a pipe is not read beyond the samples that it declares", async () => {
  const behind = [...ascii("data"), 4, 0, 0, 0, 1, 0, 2, 0];
  const bytes = wavBytes({ data: Array(8_000).fill(0), behind });
  const open = async (source: ByteSource) => {
    const { blocks, warnings } = await openWav(new ByteReader(source));
    await drain(blocks);
    return warnings;
  };

  const told = ["a second data chunk of 4 bytes was left out"];
  expect(await open(bytesSource(bytes, "a.wav"))).toEqual(told);
  async function* endless() {
    yield bytes.subarray(0, 8_044);
    throw new Error("read beyond its samples");
  }
  expect(await open(pipeSource(endless(), "a.wav"))).toEqual([]);
});

test("a NaN is told with its place in the recording and in the file, beyond the first block", async () => {
  const data = Array(30_000).fill(floatBytes(0, 4)).flat();
  data.splice(25_000 * 4, 4, ...floatBytes(Number.NaN, 4));
  const bytes = wavBytes({ fmt: [3, 1, 16000, 64000, 4, 32], data });

  const { blocks } = await openWav(new ByteReader(bytesSource(bytes, "a.wav")));
  const error = await drain(blocks).catch((e: unknown) => e);

  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).message).toBe(
    "a.wav: sample 25000 (1.5625 s) of channel 0: expected a number from -1 to 1, got NaN",
  );
  expect((error as FormatError).offset).toBe(44 + 25_000 * 4);
});

test("a file without samples is refused, from a pipe as well", async () => {
  const empty = wavBytes({ data: [] });
  const open = wavBytes({ data: [], dataSize: 0xffffffff });

  for (const source of [bytesSource(empty, "a.wav"), pipeSource(pieces(empty, 9), "a.wav")]) {
    await expect(openWav(new ByteReader(source))).rejects.toThrow("a.wav: expected at least one sample");
  }
  const piped = await collect(pipeSource(pieces(open, 9), "a.wav")).catch((e: unknown) => e);
  expect((piped as Error).message).toContain("a.wav: expected at least one sample");
});

test("a reader that stops early lets go of its source", async () => {
  let closed = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      yield wavBytes({ dataSize: 0xffffffff, data: noise });
      for (;;) yield new Uint8Array(1000);
    } finally {
      closed = true;
    }
  }

  const { blocks } = await openWav(new ByteReader(pipeSource(endless(), "-")));
  for await (const [channel] of blocks) if (channel!.length === 500) break;

  expect(closed).toBe(true);
});

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function drain(blocks: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of blocks);
}

async function collect(source: ByteSource) {
  const { blocks, format, warnings } = await openWav(new ByteReader(source));
  const channels: number[][] = Array.from({ length: format.channelCount }, () => []);
  for await (const block of blocks) for (const [c, values] of block.entries()) channels[c]!.push(...values);
  return { channels, format, warnings };
}
