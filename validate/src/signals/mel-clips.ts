import { ShapeError } from "@aiekit/core";
import { mel80 } from "../references/mel-definition.ts";
import { espeakClips, type RunProgram } from "./espeak.ts";
import { createRandom } from "./random.ts";
import { syntheticSpeech } from "./synthetic-speech.ts";
import { chirp, clippedSine, impulses, type Span, silence, sine, whiteNoise } from "./waveforms.ts";

/** What a clip is; speech, recordings and synthetic speech must bring all bins to life. */
export const clipGroups = ["speech", "recording", "synthetic", "signal", "silence"] as const;
export type ClipGroup = (typeof clipGroups)[number];

/** 16-bit PCM at 16 kHz, mono. */
export interface MelClip {
  readonly name: string;
  readonly group: ClipGroup;
  readonly pcm: Int16Array;
  /** Where the samples come from: a program, a generator with its seed, a file. */
  readonly origin: string;
}

export interface MelClipOptions {
  readonly seed: number;
  /** Clips of speech, by espeak-ng where it runs, otherwise synthetic; default 100. */
  readonly speechClips?: number;
  /** Runs espeak-ng; without it all speech is synthetic. */
  readonly run?: RunProgram;
  /** Recordings to add, 16-bit PCM at 16 kHz. */
  readonly recordings?: readonly { readonly name: string; readonly pcm: Int16Array }[];
  readonly signal?: AbortSignal;
}

export interface MelClips {
  readonly clips: readonly MelClip[];
  /** What was left out and why, to be printed. */
  readonly notes: readonly string[];
}

/**
 * Clips for a log-mel kernel: speech, recordings, signals with known spectra, silence; 0.5 to 2 s each but for the
 * recordings.
 * @throws ShapeError when a recording is shorter than one frame.
 */
export async function melClips(options: MelClipOptions): Promise<MelClips> {
  const { seed, speechClips = 100 } = options;
  const spoken = options.run
    ? await espeakClips({ run: options.run, clips: speechClips, signal: options.signal })
    : { clips: [], skipped: "no espeak-ng speech: no way to run programs was given" };
  // A few synthetic clips stay beside the real voices: their gains and pauses vary more.
  const synthetic = Math.max(12, speechClips - spoken.clips.length);
  const recordings = (options.recordings ?? []).map(({ name, pcm }): MelClip => {
    if (pcm.length < mel80.windowSamples) {
      throw new ShapeError(`recording ${name}: expected at least ${mel80.windowSamples} samples, got ${pcm.length}`);
    }
    return { name, group: "recording", pcm, origin: "recording" };
  });
  return {
    clips: [...recordings, ...spoken.clips, ...syntheticClips(seed, synthetic), ...signalClips(seed)],
    notes: spoken.skipped ? [`${spoken.skipped}; ${synthetic} synthetic clips instead`] : [],
  };
}

function syntheticClips(seed: number, count: number): MelClip[] {
  const lengths = createRandom(seed);
  return Array.from({ length: count }, (_, i): MelClip => {
    const span = { samples: Math.round(lengths.between(0.5, 2) * 16000), sampleRateHz: 16000 };
    const pcm = syntheticSpeech(span, seed + i);
    return { name: `synthetic speech ${i + 1}`, group: "synthetic", pcm, origin: `generator, seed ${seed + i}` };
  });
}

function signalClips(seed: number): MelClip[] {
  const span: Span = { samples: 12000, sampleRateHz: 16000 };
  const clip = (name: string, pcm: Int16Array): MelClip => ({
    name,
    group: pcm.every((x) => x === 0) ? "silence" : "signal",
    pcm,
    origin: `generator, seed ${seed}`,
  });
  return [
    clip("sine 100 Hz", sine(span, 100, 0.5)),
    clip("sine 1000 Hz", sine(span, 1000, 0.5)),
    clip("sine 4000 Hz", sine(span, 4000, 0.5)),
    clip("sine 1000 Hz, clipped", clippedSine(span, 1000)),
    clip("impulses, 10 a second", impulses(span, { firstSample: 333, periodSamples: 1600, amplitude: 1 })),
    clip("chirp 50 to 7900 Hz", chirp(span, { fromHz: 50, toHz: 7900, amplitude: 0.8 })),
    clip("noise, full scale", whiteNoise(span, seed, 1)),
    clip("noise, −40 dB", whiteNoise(span, seed + 1, 0.01)),
    clip("silence", silence(span)),
  ];
}
