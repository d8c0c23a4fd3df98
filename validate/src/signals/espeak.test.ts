import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { AbortedError, FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { liveBins } from "../metrics/liveness.ts";
import { melReference } from "../references/mel-reference.ts";
import { espeakClips, type RunProgram } from "./espeak.ts";
import { resample } from "./resample.ts";
import { readWav } from "./wav.ts";

/** A WAV file of 16-bit mono PCM whose data chunk claims `claimedBytes`. */
function wavFile(pcm: Int16Array, sampleRateHz: number, claimedBytes = pcm.byteLength): Uint8Array {
  const bytes = new Uint8Array(44 + pcm.byteLength);
  const view = new DataView(bytes.buffer);
  new TextEncoder().encodeInto("RIFF....WAVEfmt ", bytes);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRateHz, true);
  view.setUint16(34, 16, true);
  new TextEncoder().encodeInto("data", bytes.subarray(36));
  view.setUint32(40, claimedBytes, true);
  for (const [i, x] of pcm.entries()) view.setInt16(44 + 2 * i, x, true);
  return bytes;
}

const tone = (hz: number, rateHz: number, samples: number) =>
  Int16Array.from({ length: samples }, (_, n) => Math.round(10000 * Math.sin((2 * Math.PI * hz * n) / rateHz)));

test("a data chunk that claims 2 GB, as a program writing to a pipe leaves it, ends with the file", () => {
  const pcm = tone(440, 22050, 500);
  expect(readWav(wavFile(pcm, 22050, 0x7ffff000))).toEqual({ sampleRateHz: 22050, pcm });
});

test("text, a cut header and stereo are refused with their name", () => {
  const stereo = wavFile(new Int16Array(4), 16000);
  stereo[22] = 2;

  expect(() => readWav(new TextEncoder().encode("espeak-ng: no such voice"), "a.wav")).toThrow(/a\.wav/);
  expect(() => readWav(wavFile(new Int16Array(4), 16000).subarray(0, 20))).toThrow(FormatError);
  expect(() => readWav(stereo)).toThrow(/2 channels/);
});

test("resampling 22050 to 16000 Hz keeps a 1000 Hz tone within 0.1 % and lowers one of 9000 Hz by 50 dB", () => {
  const kept = resample({ pcm: tone(1000, 22050, 22050), sampleRateHz: 22050 }, 16000).subarray(200, 15800);
  const removed = resample({ pcm: tone(9000, 22050, 22050), sampleRateHz: 22050 }, 16000).subarray(200, 15800);
  const expected = tone(1000, 16000, 16000).subarray(200, 15800);

  expect(Math.max(...kept.map((x, i) => Math.abs(x - expected[i]!)))).toBeLessThanOrEqual(10);
  expect(Math.max(...removed.map(Math.abs))).toBeLessThan(10000 * 10 ** (-50 / 20));
});

test("clips are spoken by six voices at two speeds, at most 2 s at 16 kHz", async () => {
  const asked: string[] = [];
  const run: RunProgram = async (command, args) => {
    asked.push([command, ...args.slice(0, 4)].join(" "));
    return wavFile(tone(200, 22050, 60000), 22050);
  };

  const { clips, skipped } = await espeakClips({ run, clips: 24 });

  expect(skipped).toBe("");
  expect(new Set(asked).size).toBe(12);
  expect(asked[0]).toBe("espeak-ng -v en-us -s 150");
  expect(new Set(clips.map((c) => c.name)).size).toBe(24);
  for (const { pcm } of clips) expect(pcm.length >= 12800 && pcm.length <= 32000).toBe(true);
});

test("a missing program, and one that writes no WAV, are a reason and not an error", async () => {
  const missing: RunProgram = async () => {
    throw Object.assign(new Error("spawn espeak-ng ENOENT"), { code: "ENOENT" });
  };
  const silent: RunProgram = async () => new Uint8Array(0);

  expect(await espeakClips({ run: missing, clips: 5 })).toEqual({
    clips: [],
    skipped: "no espeak-ng speech: it is not installed (apt install espeak-ng)",
  });
  expect((await espeakClips({ run: silent, clips: 5 })).skipped).toMatch(/expected a RIFF WAVE file/);
});

test("making speech can be stopped", async () => {
  const run: RunProgram = async () => wavFile(tone(200, 22050, 22050), 22050);
  await expect(espeakClips({ run, clips: 5, signal: AbortSignal.abort() })).rejects.toThrow(AbortedError);
});

test("speech of the installed espeak-ng brings all 80 bands to life", async (context) => {
  const run: RunProgram = async (command, args) => {
    const { stdout } = await promisify(execFile)(command, [...args], { encoding: "buffer", maxBuffer: 2 ** 24 });
    return new Uint8Array(stdout);
  };

  const { clips, skipped } = await espeakClips({ run, clips: 12 });

  if (skipped) context.skip(skipped);
  for (const { pcm } of clips) {
    const { frames, db } = melReference(pcm);
    expect(liveBins(db, { frames, bins: 80, floorDb: -100 })).toEqual({ live: 80, dead: [] });
  }
});
