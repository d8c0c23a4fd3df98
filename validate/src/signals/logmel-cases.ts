import { type Tensor, tensor } from "@aiekit/core";
import type { KernelParams } from "../suites/array-subject.ts";
import type { ClipGroup, MelClip } from "./mel-clips.ts";
import { createRandom } from "./random.ts";
import { impulses, silence, sine, whiteNoise } from "./waveforms.ts";

/** A sound, and what the kernel is built with for it. */
export interface LogmelCase {
  readonly name: string;
  readonly group: ClipGroup;
  /** i16 in 1/32768 of full scale, or f32 in full scale. */
  readonly pcm: Tensor;
  readonly mels: 80 | 128;
  /** Parameters besides `mels` and `pcm`. */
  readonly params: KernelParams;
  readonly origin: string;
}

export interface LogmelCaseOptions {
  readonly seed: number;
  /** Clips, each put into the shortest window that holds it, with silence behind it. */
  readonly clips: readonly MelClip[];
  /** Lengths in samples that one build of the kernel serves, shortest first. */
  readonly windows: readonly number[];
  /** Sounds of random length, on a random number of columns; a build each. Default 8. */
  readonly shapes?: number;
}

/** Clips in windows, sounds of any length, and sounds that go to the edges of the arithmetic. */
export function logmelCases(options: LogmelCaseOptions): readonly LogmelCase[] {
  const { clips, windows } = options;
  return [
    ...clips.slice(0, 1).map((clip) => windowed(clip, windows, 80)),
    ...edgeCases(windows[0] ?? 16_000),
    ...shapeCases(options),
    // Every eighth clip has the 128 bands of Whisper's large-v3.
    ...clips.slice(1).map((clip, i) => windowed(clip, windows, i % 8 === 0 ? 128 : 80)),
  ];
}

/** Whisper's pad or trim: zeros behind the sound; what the longest window cannot hold is cut off. */
function windowed(clip: MelClip, windows: readonly number[], mels: 80 | 128): LogmelCase {
  const samples = windows.find((n) => n >= clip.pcm.length) ?? windows.at(-1) ?? clip.pcm.length;
  const pcm = new Int16Array(samples);
  pcm.set(clip.pcm.subarray(0, samples));
  return { ...clip, name: `${clip.name}, ${samples / 16_000} s`, pcm: i16(pcm), mels, params: {} };
}

function shapeCases({ seed, shapes = 8 }: LogmelCaseOptions): LogmelCase[] {
  const random = createRandom(seed);
  return Array.from({ length: shapes }, (_, i) => {
    const samples = Math.floor(1280 * 25 ** random.uniform());
    const columns = 1 + Math.floor(4 * random.uniform());
    const mels = random.pick([80, 128] as const);
    const pcm = whiteNoise({ samples, sampleRateHz: 16_000 }, seed + i, 0.5);
    return {
      name: `${samples} samples on ${columns} column(s)`,
      group: "signal",
      pcm: random.uniform() < 0.5 ? i16(pcm) : f32(pcm, (x) => x / 32_768),
      mels,
      params: { samples, columns },
      origin: `white noise, seed ${seed + i}`,
    };
  });
}

function edgeCases(samples: number): LogmelCase[] {
  const span = { samples, sampleRateHz: 16_000 };
  const every = (f: (n: number) => number) => Int16Array.from({ length: span.samples }, (_, n) => f(n));
  const edge = (name: string, pcm: Tensor, group: ClipGroup = "signal"): LogmelCase => {
    return { name, group, pcm, mels: 80, params: {}, origin: "closed form" };
  };
  const tone = sine(span, 764, 0.4);
  return [
    edge("all samples -32768", i16(every(() => -32_768))),
    edge("alternating full scale", i16(every((n) => (n % 2 === 0 ? -32_768 : 32_767)))),
    edge("one sample", i16(impulses(span, { firstSample: samples >> 1, periodSamples: samples, amplitude: 1 }))),
    edge("a count of noise", i16(whiteNoise(span, 3, 1.4 / 32_768))),
    edge("tone on an offset", i16(tone.map((x) => 16_000 + x))),
    edge("first and last sample", i16(every((n) => (n === 0 || n === samples - 1 ? 32_767 : 0)))),
    edge(
      "f32 far above full scale",
      f32(tone, (x) => x * 1_000),
    ),
    edge(
      "f32 at 1e-4",
      f32(tone, (x) => (x / 32_768) * 1e-4),
    ),
    edge(
      "f32 denormals",
      f32(tone, (x) => x * 1e-44),
      "silence",
    ),
    edge(
      "f32 silence",
      f32(silence(span), (x) => x),
      "silence",
    ),
  ];
}

const i16 = (pcm: Int16Array): Tensor => tensor("i16", [pcm.length], Int16Array.from(pcm));
const f32 = (pcm: Int16Array, f: (x: number) => number): Tensor =>
  tensor("f32", [pcm.length], Float32Array.from(pcm, f));
