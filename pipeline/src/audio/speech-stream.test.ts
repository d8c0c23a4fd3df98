import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AiekitError, FormatError, UsageError } from "@aiekit/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesSource, fileSource, namedSource, pipeSource } from "./byte-source.ts";
import { loadSpeech, readSpeech } from "./load-speech.ts";
import { openSpeech } from "./speech-stream.ts";
import { ascii, floatBytes, wavBytes } from "./wav.test-support.ts";
import { writeWav } from "./wav-writer.ts";

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));

// scripts/make-audio-fixtures.mjs: 440 Hz of 0.4 left, 1000 Hz of 0.3 right; the mean has half of each.
// An encoder that loses something may change a steady tone by less than what is heard, about 1 dB, and the time by less
// than 2 samples of 16 kHz. Lossless ones change nothing; 16 bits and the resampler's 0.001 dB stay below 0.01 dB.
test.each([
  ["tones.flac", "FLAC", 44_100, 16, { db: 0.01, samples: 0.01 }],
  ["tones.oga", "Ogg FLAC", 22_050, undefined, { db: 0.01, samples: 0.01 }],
  ["tones.mp3", "MP3", 44_100, undefined, { db: 1, samples: 2 }],
  ["tones.opus", "Ogg Opus", 48_000, undefined, { db: 1, samples: 2 }],
  ["tones.ogg", "Ogg Vorbis", 32_000, undefined, { db: 1, samples: 2 }],
] as const)(
  "%s gives half a second of its two tones at 16 kHz, in gain and in time",
  async (name, container, sampleRateHz, bits, limits) => {
    const { format, blocks, notes } = await openSpeech(bytesSource(fixture(name), name));
    const samples = await collect(blocks);

    expect(format).toMatchObject({ container, sampleRateHz, bits, channelCount: 2 });
    expect(samples).toHaveLength(8000);
    for (const [hz, amplitude] of [
      [440, 0.2],
      [1000, 0.15],
    ] as const) {
      const found = tone(samples, hz);
      expect(Math.abs(20 * Math.log10(found.amplitude / amplitude)), `${hz} Hz, gain`).toBeLessThan(limits.db);
      expect(Math.abs(found.lateSamples), `${hz} Hz, time`).toBeLessThan(limits.samples);
    }
    expect(notes()).toEqual([
      `decoded from ${container}`,
      "stereo: averaged to mono",
      `${sampleRateHz / 1000} kHz: resampled to 16 kHz`,
    ]);
  },
);

test("a cut Ogg page gives the sound of its whole packets and no more: none is made up for those that its header promises", async () => {
  const bytes = fixture("tones.opus");
  const lengths: number[] = [];
  const { pcm: whole } = await readSpeech(bytesSource(bytes, "x.opus"));

  for (const share of [0.25, 0.5, 0.75]) {
    const end = Math.floor(bytes.length * share);
    const { pcm } = await readSpeech(bytesSource(bytes.subarray(0, end), "x.opus"));
    lengths.push(pcm.length / whole.length / share);
  }

  // One page of a steady bit rate but for its first packets: the sound is as long as its bytes, within a fifth.
  for (const length of lengths) expect(Math.abs(length - 1)).toBeLessThan(0.2);
});

test.each(["tones.mp3", "tones.opus", "tones.ogg"])(
  "%s cut off gives what is there, and the notes say so",
  async (name) => {
    const bytes = fixture(name);

    const { pcm, notes } = await readSpeech(bytesSource(bytes.subarray(0, bytes.length * 0.8), name));

    expect(pcm.length).toBeGreaterThan(1000);
    expect(pcm.length).toBeLessThan(7800);
    expect(notes.join()).toContain("cut off");
  },
);

test("the content decides, not the name, and a note tells", async () => {
  const { pcm, notes } = await readSpeech(bytesSource(fixture("tones.flac"), "talk.wav"));

  expect(pcm).toHaveLength(8000);
  expect(notes[0]).toBe("the name says .wav, the content is FLAC: read as that");
});

test("a WAV file that is streamed gives the same speech and notes as one that is read whole", async () => {
  const frames = Array.from({ length: 40_000 }, (_, i) => Math.sin(i / 7) * 1.2);
  const loud = wavBytes({ fmt: [3, 1, 44100, 176400, 4, 32], data: frames.flatMap((v) => floatBytes(v, 4)) });

  for (const bytes of [loud, fixture("speech.wav")]) {
    expect(await readSpeech(bytesSource(bytes, "a.wav"))).toEqual(loadSpeech(bytes, "a.wav"));
  }
});

test("a WAV file of one sample is one sample", async () => {
  const { pcm, seconds } = await readSpeech(bytesSource(wavBytes({ data: [0, 0x40] }), "a.wav"));

  expect([...pcm]).toEqual([16384]);
  expect(seconds).toBe(1 / 16000);
});

test("samples from a pipe without a header: 16-bit and float, any rate and channel count", async () => {
  const stereo = new Uint8Array(Int16Array.from({ length: 48_000 }, (_, i) => (i % 2 === 0 ? 8192 : -4096)).buffer);
  const raw = { encoding: "s16le", sampleRateHz: 48_000, channelCount: 2 } as const;
  const int = await collect((await openSpeech(pipeSource(pieces(stereo, 1001), "-"), { raw })).blocks);
  const floats = new Uint8Array(Float32Array.from({ length: 8000 }, () => 0.25).buffer);
  const rawFloat = { encoding: "f32le", sampleRateHz: 16_000, channelCount: 1 } as const;
  const float = await collect((await openSpeech(pipeSource(pieces(floats, 333), "-"), { raw: rawFloat })).blocks);

  expect(int).toHaveLength(8000);
  expect(Math.abs(int[4000]! - 2048 / 32768)).toBeLessThan(1e-6);
  expect(float).toEqual(Array(8000).fill(0.25));
});

test("a stream that never ends is passed on as it comes", async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield new Uint8Array(3200).fill(1);
  }
  const raw = { encoding: "s16le", sampleRateHz: 16_000, channelCount: 1 } as const;

  const { blocks } = await openSpeech(pipeSource(endless(), "-"), { raw });
  const lengths: number[] = [];
  for await (const block of blocks) if (lengths.push(block.length) === 3) break;

  expect(lengths).toEqual([1600, 1600, 1600]);
});

test.each([
  [
    "a rate of 0",
    { encoding: "s16le", sampleRateHz: 0, channelCount: 1 },
    "expected a sample rate of 1000 to 768000 Hz, got 0",
  ],
  ["no channels", { encoding: "s16le", sampleRateHz: 16_000, channelCount: 0 }, "expected 1 to 65535 channels, got 0"],
] as const)("raw samples with %s are refused", async (_, raw, message) => {
  const error = await openSpeech(pipeSource(pieces(new Uint8Array(8), 8), "-"), { raw }).catch((e) => e);

  expect(error).toBeInstanceOf(UsageError);
  expect(error.message).toContain(message);
});

test.each<[string, Uint8Array, string]>([
  ["an empty file", new Uint8Array(), "talk.wav: expected a recording, got an empty file"],
  ["text", Uint8Array.from(ascii("Good morning,\nit is cold.\n")), "talk.wav: expected a recording, got text"],
  ["a web page", Uint8Array.from(ascii("<!DOCTYPE html><p>404")), "got a web page"],
  ["JSON", Uint8Array.from(ascii('{"a": 1}')), "got JSON text"],
  ["an array", Uint8Array.from([0x93, ...ascii("NUMPY"), 1, 0]), "got a .npy array"],
  ["a WAV file without samples", wavBytes({ data: [] }), "expected at least one sample"],
  [
    "a WAV file with a NaN",
    wavBytes({ fmt: [3, 1, 16000, 64000, 4, 32], data: [...floatBytes(0, 4), ...floatBytes(Number.NaN, 4)] }),
    "sample 1 (0.0001 s) of channel 0: expected a number from -1 to 1, got NaN",
  ],
  [
    "MP3 frames without sound",
    Uint8Array.from([...ascii("ID3"), 4, 0, 0, 0, 0, 0, 0, ...Array(300).fill(0)]),
    "has none that can be decoded",
  ],
  ["an Ogg header alone", fixture("tones.opus").subarray(0, 60), "has none that can be decoded"],
  [
    "something unknown in memory",
    Uint8Array.of(1, 2, 3, 200),
    "expected WAV, FLAC, MP3, Ogg Opus or Vorbis from a pipe, got something unknown (first bytes 01 02 03 c8)",
  ],
])("%s is refused: expected, found, what to do", async (_, bytes, message) => {
  const error = await readSpeech(bytesSource(bytes, "talk.wav")).catch((e) => e);

  expect(error).toBeInstanceOf(FormatError);
  expect(error.message).toContain(message);
  expect(error.hint).toBeTruthy();
});

test("no file, and a folder, are refused by name", async () => {
  await expect(fileSource("/nowhere/a.wav", "a.wav")).rejects.toThrow("a.wav: there is no such file");
  await expect(fileSource(import.meta.dirname, "recordings")).rejects.toThrow(
    "recordings: expected a file, got a folder",
  );
});

test("a dash names stdin, all else is a path that counts from the folder; a device is read as a pipe", async () => {
  const stdin = pieces(fixture("tones.mp3"), 1000);
  const cwd = join(import.meta.dirname, "../../fixtures");

  const piped = await namedSource("-", { cwd, stdin });
  const file = await namedSource("tones.mp3", { cwd, stdin });
  const device = await namedSource("/dev/null", { cwd, stdin });

  expect([piped, file, device].map(({ name, sizeBytes, path }) => [name, sizeBytes, path])).toEqual([
    ["stdin", undefined, undefined],
    ["tones.mp3", 9214, join(cwd, "tones.mp3")],
    ["/dev/null", undefined, undefined],
  ]);
  expect((await readSpeech(piped)).pcm).toEqual((await readSpeech(file)).pcm);
  await expect(readSpeech(device)).rejects.toThrow("/dev/null: expected a recording, got an empty file");
});

test.each(["tones.flac", "tones.mp3", "tones.opus", "tones.ogg", "tones.oga"])(
  "%s with damage is read or refused with an AiekitError, never anything else",
  async (name) => {
    const whole = fixture(name);
    const flips = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(flips, fc.integer({ min: 1, max: whole.length }), async (places, length) => {
        const damaged = whole.slice(0, length);
        for (const [at, value] of places) if (at < length) damaged[at] = value;
        const error = await readSpeech(bytesSource(damaged, name)).catch((e: unknown) => e);
        if (error instanceof Error && !(error instanceof AiekitError)) throw error;
      }),
      { seed: 8, numRuns: 10 },
    );
  },
);

test("silence is told, and how long it is", async () => {
  const silent = writeWav({ sampleRateHz: 16_000, channels: [new Int16Array(24_000)] });

  expect((await readSpeech(bytesSource(silent, "a.wav"))).notes).toEqual(["silent: all 1.50 s are zero"]);
});

async function collect(blocks: AsyncIterable<Float32Array>): Promise<number[]> {
  const all: number[] = [];
  for await (const block of blocks) all.push(...block);
  return all;
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

/** Amplitude of a · sin(2π f t) in the middle 3/4 of half a second, which holds whole periods of both tones. */
function tone(samples: readonly number[], hz: number): { readonly amplitude: number; readonly lateSamples: number } {
  let [sine, cosine] = [0, 0];
  const [from, to] = [800, 7200];
  for (let i = from; i < to; i++) {
    const angle = (2 * Math.PI * hz * i) / 16_000;
    sine += samples[i]! * Math.sin(angle);
    cosine += samples[i]! * Math.cos(angle);
  }
  const amplitude = (2 * Math.hypot(sine, cosine)) / (to - from);
  return { amplitude, lateSamples: (-Math.atan2(cosine, sine) / (2 * Math.PI * hz)) * 16_000 };
}
