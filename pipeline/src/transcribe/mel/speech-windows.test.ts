import { expect, test } from "vitest";
import { logMel } from "./log-mel.ts";
import { SpeechWindows } from "./speech-windows.ts";

async function* pieces(samples: Float32Array, size: number): AsyncGenerator<Float32Array> {
  for (let at = 0; at < samples.length; at += size) yield samples.slice(at, at + size);
}

const noise = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * i * 0.37) / 2);

function open(samples: Float32Array, { size = 777, windowFrames = 100, signal = new AbortController().signal } = {}) {
  return SpeechWindows.open({
    blocks: pieces(samples, size),
    features: logMel(80),
    windowFrames,
    clockMs: () => 0,
    signal,
  });
}

test("a window's features are those of its own samples with silence behind the recording's end", async () => {
  const samples = noise(40_000);
  const windows = await open(samples);
  const last = new Float32Array(16_000);
  last.set(samples.subarray(150 * 160));

  const [first, second] = [await windows.window(0, 100), await windows.window(150, 100)];

  expect(first.data).toEqual(logMel(80)(samples.subarray(0, 16_000)).data);
  expect(second.data).toEqual(logMel(80)(last).data);
  expect(second.shape).toEqual([80, 100]);
});

test.each([
  [0, 0],
  [159, 0],
  [160, 1],
  [16_000, 100],
  [16_159, 100],
  [16_160, 101],
])("the end of %s samples, %s frames, is known when the window before it was read", async (count, frames) => {
  const windows = await open(noise(count));

  const known = windows.frames;

  // A frame beyond the first window is seen, and no more: the stream may go on.
  if (frames <= 100) expect(known).toBe(frames);
  else expect(known).toBe(Number.POSITIVE_INFINITY);
  await windows.firstSound(100, 100);
  expect(windows.frames).toBe(frames);
  expect(windows.samples).toBe(count);
});

test("a stream is read one window and a frame ahead, and what was passed is let go", async () => {
  let read = 0;
  async function* endless(): AsyncGenerator<Float32Array> {
    for (;;) {
      read += 160;
      yield noise(160);
    }
  }
  const windows = await SpeechWindows.open({
    blocks: endless(),
    features: logMel(80),
    windowFrames: 100,
    clockMs: () => 0,
  });

  expect(read).toBe(101 * 160);
  await windows.window(50, 100);
  expect(read).toBe(151 * 160);
  await expect(windows.window(49, 100)).rejects.toThrow("sample 7840: expected 8000 or later: it was passed");
});

test("silence is what 16 bits cannot tell from it", async () => {
  const samples = new Float32Array(48_000).fill(1 / 32_768);
  samples[20_000] = -2 / 32_768;
  const windows = await open(samples);

  const sound = [
    await windows.firstSound(0, 100),
    await windows.firstSound(100, 100),
    await windows.firstSound(200, 100),
    await windows.firstSound(300, 100),
  ];

  expect(sound).toEqual([undefined, 100, undefined, undefined]);
});

test("a signal stops the reading", async () => {
  const stop = new AbortController();
  const windows = await open(noise(48_000), { signal: stop.signal });

  stop.abort();

  await expect(windows.window(100, 100)).rejects.toThrow("stopped");
});
