import { AiekitError, FormatError } from "@aiekit/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ascii, floatBytes, type WavParts, wavBytes } from "./wav.test-support.ts";
import { readWav } from "./wav-reader.ts";
import { writeWav } from "./wav-writer.ts";

// Each row: the bytes of a few samples as the format lays them out, and their values as fractions of full scale.
test.each<[string, WavParts, number[][]]>([
  ["16 bits", { data: [0x00, 0x80, 0xff, 0x7f, 0x00, 0x40] }, [[-1, 32767 / 32768, 0.5]]],
  [
    "8 bits, which are unsigned",
    { fmt: [1, 1, 8000, 8000, 1, 8], data: [0, 128, 192, 255] },
    [[-1, 0, 0.5, 127 / 128]],
  ],
  [
    "24 bits",
    { fmt: [1, 1, 16000, 48000, 3, 24], data: [0, 0, 0x80, 1, 0, 0, 0xff, 0xff, 0xff] },
    [[-1, 2 ** -23, -(2 ** -23)]],
  ],
  ["32 bits", { fmt: [1, 1, 16000, 64000, 4, 32], data: [0, 0, 0, 0x80, 0, 0, 0, 0x20] }, [[-1, 0.25]]],
  [
    "12 bits, left-justified in 16",
    { fmt: [1, 1, 16000, 32000, 2, 12], data: [0x00, 0x80, 0xf0, 0x7f] },
    [[-1, 2047 / 2048]],
  ],
  [
    "32-bit float",
    { fmt: [3, 1, 16000, 64000, 4, 32], data: [...floatBytes(0.25, 4), ...floatBytes(-1, 4)] },
    [[0.25, -1]],
  ],
  ["64-bit float", { fmt: [3, 1, 16000, 128000, 8, 64], data: floatBytes(-0.125, 8) }, [[-0.125]]],
  [
    "stereo, interleaved",
    { fmt: [1, 2, 16000, 64000, 4, 16], data: [0, 0x40, 0, 0xc0, 0, 0x20, 0, 0] },
    [
      [0.5, 0.25],
      [-0.5, 0],
    ],
  ],
  ["RIFX, big-endian, 16 bits", { magic: "RIFX", data: [0x40, 0x00, 0x80, 0x00] }, [[0.5, -1]]],
  ["RIFX, 24 bits", { magic: "RIFX", fmt: [1, 1, 16000, 48000, 3, 24], data: [0x80, 0, 0, 0, 0, 1] }, [[-1, 2 ** -23]]],
])("%s", (_, parts, channels) => {
  const audio = readWav(wavBytes(parts), "x.wav");

  expect(audio.channels.map((channel) => [...channel])).toEqual(channels);
  expect(audio.warnings).toEqual([]);
});

test("rate, width and kind are those of the header", () => {
  const audio = readWav(wavBytes({ fmt: [3, 1, 44100, 176400, 4, 32], data: floatBytes(1, 4) }), "x.wav");

  expect(audio).toMatchObject({ sampleRateHz: 44100, bits: 32, format: "float" });
});

test("an extensible header is read by its sub-format, PCM or float", () => {
  // cbSize 22, 24 valid bits, speaker mask, then the GUID that begins with the format's tag.
  const guid = (tag: number): number[] => [tag, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
  const extra = (tag: number): number[] => [22, 0, 24, 0, 4, 0, 0, 0, ...guid(tag)];

  const pcm = readWav(
    wavBytes({ fmt: [0xfffe, 1, 16000, 64000, 4, 32], fmtExtra: extra(1), data: [0, 0, 0, 0x40] }),
    "x.wav",
  );
  const float = readWav(
    wavBytes({ fmt: [0xfffe, 1, 16000, 64000, 4, 32], fmtExtra: extra(3), data: floatBytes(0.75, 4) }),
    "x",
  );

  expect([...pcm.channels[0]!]).toEqual([0.5]);
  expect([...float.channels[0]!]).toEqual([0.75]);
});

test("chunks of odd size before and after fmt and behind the samples are stepped over with their padding", () => {
  const odd = [...ascii("LIST"), 3, 0, 0, 0, 1, 2, 3, 0];

  const audio = readWav(wavBytes({ before: odd, between: odd, behind: odd, data: [0, 0x40] }), "x.wav");

  expect([...audio.channels[0]!]).toEqual([0.5]);
});

test("a chunk of odd size whose padding byte was left out is stepped over as well", () => {
  const unpadded = [...ascii("LIST"), 3, 0, 0, 0, 1, 2, 3];

  const audio = readWav(wavBytes({ between: unpadded, data: [0, 0x40] }), "x.wav");

  expect([...audio.channels[0]!]).toEqual([0.5]);
});

test.each([
  ["0xFFFFFFFF", { dataSize: 0xffffffff, riffSize: 0xffffffff }],
  ["0x7FFFF000, as of espeak-ng", { dataSize: 0x7ffff000, riffSize: 0x7ffff024 }],
  ["0", { dataSize: 0, riffSize: 0 }],
  ["0 with the size of the header alone", { dataSize: 0, riffSize: 36 }],
])("a stream whose size is %s is read to the end, with a warning", (_, sizes) => {
  const audio = readWav(wavBytes({ ...sizes, data: [0, 0x40, 0, 0x20] }), "x.wav");

  expect([...audio.channels[0]!]).toEqual([0.5, 0.25]);
  expect(audio.warnings).toEqual(["the size was left open (a stream): read to the end"]);
});

test("RF64 takes the size of the samples from its ds64 chunk", () => {
  const ds64 = [...ascii("ds64"), 28, 0, 0, 0, ...Array(8).fill(0), 4, ...Array(7).fill(0), ...Array(12).fill(0)];
  const behind = [...ascii("LIST"), 2, 0, 0, 0, 9, 9];

  const audio = readWav(
    wavBytes({ magic: "RF64", before: ds64, dataSize: 0xffffffff, data: [0, 0x40, 0, 0x20], behind }),
    "x",
  );

  expect([...audio.channels[0]!]).toEqual([0.5, 0.25]);
  expect(audio.warnings).toEqual([]);
});

test.each([
  ["RIFF", [3, 0, 0, 0]],
  ["RIFX", [0, 0, 0, 3]],
])("of two data chunks of a %s file the first is read, and the other is told", (magic, size) => {
  const fmt = [1, 1, 16000, 16000, 1, 8] as const;
  const behind = [0, ...ascii("data"), ...size, 1, 2, 3, 0];

  const audio = readWav(wavBytes({ magic, fmt, data: [192], behind }), "x.wav");

  expect([...audio.channels[0]!]).toEqual([0.5]);
  expect(audio.warnings).toEqual(["a second data chunk of 3 bytes was left out"]);
});

test("half a sample at the end is left out with a warning", () => {
  const audio = readWav(wavBytes({ data: [0, 0x40, 7] }), "x.wav");

  expect([...audio.channels[0]!]).toEqual([0.5]);
  expect(audio.warnings).toEqual(["the last 1 byte(s) are no whole sample and were left out"]);
});

test("float samples beyond full scale are kept and counted", () => {
  const audio = readWav(
    wavBytes({ fmt: [3, 1, 16000, 64000, 4, 32], data: [...floatBytes(1.5, 4), ...floatBytes(1, 4)] }),
    "x",
  );

  expect([...audio.channels[0]!]).toEqual([1.5, 1]);
  expect(audio.warnings).toEqual(["1 float sample(s) lie beyond full scale"]);
});

test.each<[string, Uint8Array, string]>([
  [
    "a file cut off tells the seconds that are there",
    wavBytes({ dataSize: 64000, data: Array(16000).fill(0) }),
    "declares 64000 bytes (2.00 s), 16000 bytes (0.50 s) are there",
  ],
  ["a file with no samples", wavBytes({ data: [] }), "expected at least one sample, the data chunk has 0 bytes"],
  [
    "an empty data chunk in front of another chunk",
    wavBytes({ data: [], behind: [...ascii("LIST"), 2, 0, 0, 0, 1, 1] }),
    "expected at least one sample",
  ],
  [
    "a NaN, with its place",
    wavBytes({
      fmt: [3, 2, 16000, 128000, 8, 32],
      data: [...floatBytes(0, 4), ...floatBytes(0, 4), ...floatBytes(0, 4), ...floatBytes(Number.NaN, 4)],
    }),
    "sample 1 (0.0001 s) of channel 1: expected a number from -1 to 1, got NaN",
  ],
  [
    "an infinity",
    wavBytes({ fmt: [3, 1, 16000, 64000, 4, 32], data: floatBytes(-Infinity, 4) }),
    "sample 0 (0.0000 s) of channel 0: expected a number from -1 to 1, got -Infinity",
  ],
  [
    "mu-law",
    wavBytes({ fmt: [7, 1, 8000, 8000, 1, 8], data: [0] }),
    "expected PCM or float samples, got mu-law (format 0x0007)",
  ],
  ["ADPCM", wavBytes({ fmt: [0x11, 1, 8000, 4055, 256, 4], data: [0] }), "got IMA ADPCM (format 0x0011)"],
  ["an unknown format", wavBytes({ fmt: [0x4321, 1, 8000, 8000, 1, 8], data: [0] }), "got format 0x4321"],
  ["no channels", wavBytes({ fmt: [1, 0, 16000, 0, 0, 16], data: [0, 0] }), "expected 1 channel or more, got 0"],
  [
    "a rate of 0",
    wavBytes({ fmt: [1, 1, 0, 0, 2, 16], data: [0, 0] }),
    "expected a sample rate of 1000 to 768000 Hz, got 0",
  ],
  [
    "40 bits",
    wavBytes({ fmt: [1, 1, 16000, 80000, 5, 40], data: [0] }),
    "bits: expected 8, 16, 24, 32 for int samples, got 40",
  ],
  [
    "16-bit float",
    wavBytes({ fmt: [3, 1, 16000, 32000, 2, 16], data: [0, 0] }),
    "bits: expected 32, 64 for float samples, got 16",
  ],
  [
    "frames of another size",
    wavBytes({ fmt: [1, 2, 16000, 64000, 2, 16], data: [0, 0] }),
    "2 channel(s) of 16 bits need 4 bytes a frame, got 2",
  ],
  [
    "data before fmt",
    Uint8Array.from([...ascii("RIFF"), 0, 0, 0, 0, ...ascii("WAVEdata"), 2, 0, 0, 0, 1, 1]),
    "expected a fmt chunk before the data chunk",
  ],
  ["no data chunk", wavBytes({ data: [] }).slice(0, 36), "expected a data chunk, found the end of the file"],
  ["fmt cut off", wavBytes({ data: [] }).slice(0, 30), 'chunk "fmt " of 16 bytes is cut off, 10 are there'],
  ["MP3", Uint8Array.from(ascii("ID3\x03")), "expected a WAV file (RIFF/WAVE), got MP3"],
  ["FLAC", Uint8Array.from(ascii("fLaC\0")), "got FLAC"],
  ["M4A", Uint8Array.from([0, 0, 0, 32, ...ascii("ftypM4A ")]), "got MP4 or M4A"],
  ["a header cut off", Uint8Array.from([...ascii("RIFF"), 9, 0, 0, 0]), "got a RIFF file cut off after 8 bytes"],
  ["AVI", Uint8Array.from([...ascii("RIFF"), 9, 0, 0, 0, ...ascii("AVI LIST")]), "got AVI"],
  ["random bytes", Uint8Array.of(1, 2, 3), "got something else (first bytes 01 02 03)"],
  ["an empty file", new Uint8Array(), "got an empty file"],
])("%s is refused: expected, found, what to do", (_, bytes, message) => {
  const error = caught(() => readWav(bytes, "talk.wav"));

  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).message).toMatch(/^talk\.wav: /);
  expect((error as FormatError).message).toContain(message);
  expect((error as FormatError).hint).toBeTruthy();
  expect((error as FormatError).offset).toBeTypeOf("number");
});

test("what is written as 16 bits is read again, sample for sample", () => {
  const anyChannels = fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 50 }))
    .chain(([count, frames]) => {
      const sample = fc.integer({ min: -32768, max: 32767 });
      return fc.array(fc.array(sample, { minLength: frames, maxLength: frames }), {
        minLength: count,
        maxLength: count,
      });
    });
  fc.assert(
    fc.property(anyChannels, fc.integer({ min: 1000, max: 192_000 }), (samples, sampleRateHz) => {
      const channels = samples.map((channel) => Int16Array.from(channel));
      const audio = readWav(writeWav({ sampleRateHz, channels }), "x.wav");
      expect(audio.sampleRateHz).toBe(sampleRateHz);
      expect(audio.channels.map((channel) => [...channel].map((value) => value * 32768))).toEqual(samples);
    }),
    { seed: 4, numRuns: 100 },
  );
});

test("the writer's bytes are those of the format", () => {
  const bytes = writeWav({ sampleRateHz: 16000, channels: [Int16Array.of(0x0102, -2)] });

  expect(bytes).toEqual(wavBytes({ data: [0x02, 0x01, 0xfe, 0xff] }));
});

test("a damaged file is read or refused with an AiekitError, never anything else", () => {
  const whole = wavBytes({
    fmt: [3, 2, 16000, 128000, 8, 32],
    data: Array(64).fill(0),
    behind: [...ascii("LIST"), 0, 0, 0, 0],
  });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 5 }),
      fc.nat(whole.length),
      (flips, length) => {
        const damaged = whole.slice();
        for (const [at, value] of flips) damaged[at] = value;
        const error = caught(() => readWav(damaged.subarray(0, length), "x.wav"));
        if (error !== undefined && !(error instanceof AiekitError)) throw error;
      },
    ),
    { seed: 5, numRuns: 2000 },
  );
});

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
