import { type Tensor, tensor, UsageError } from "@aiekit/core";
import type { SegmentTimes, Word } from "../alignment/segment-words.ts";
import { type FallbackResult, isSkipped } from "../decoding/temperature-fallback.ts";
import type { WhisperExecutor } from "../executor.ts";
import { clipFrames } from "./clip-frames.ts";
import { PreviousText } from "./previous-text.ts";
import { decodeEncoded, type WindowDecoding, windowLength } from "./window-decoding.ts";
import { windowSegments } from "./window-segments.ts";
import { type WordOptions, windowWords } from "./word-times.ts";

/** Log-mel features of a recording. */
export interface MelSource {
  /** Frames of the recording; infinite until its end is known, which it is when the window before it was read. */
  readonly frames: number;
  /** f32[mels, frames] from a frame on, padded behind the recording's end. */
  window(from: number, frames: number): Promise<Tensor<"f32">>;
  /**
   * The frame from which on they may hold speech: what is before is not decoded; undefined where they are certain to hold
   * none. Reads them. `from` where left out.
   */
  firstSound?(from: number, frames: number): Promise<number | undefined>;
}

export interface SlidingOptions extends WindowDecoding {
  /** Tokens of a text that the first window is told of. */
  readonly initialPrompt?: readonly number[];
  /** Every window is told of the initial prompt, before the text that fits behind it. */
  readonly carryInitialPrompt?: boolean;
  /** Whether a window is told the text before it. */
  readonly conditionOnPrevious: boolean;
  /** Seconds between which is decoded: begin, end, begin, end; the last end may be left out. All where left out. */
  readonly clipSeconds?: readonly number[];
  /** Segments get words with times; they cost one more pass of the decoder a window. */
  readonly words?: WordOptions;
  readonly frameSeconds: number;
  /** The frame that is decoded from; 0 where left out. */
  readonly startSeek?: number;
  /** Told of every window when it is done. */
  readonly onWindow?: ((window: WindowDone) => void) | undefined;
}

export interface WindowDone {
  readonly seek: number;
  /** Of the recording in this window, padding left out. */
  readonly frames: number;
  /** undefined for a window that was silent and not decoded. */
  readonly decoded: FallbackResult | undefined;
  /** Taken for silence. */
  readonly skipped: boolean;
}

/** A piece of text in time. */
export interface Segment {
  /** The frame its window began at. */
  readonly seek: number;
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Timestamps among them; none where the segment has no text or no duration. */
  readonly tokens: readonly number[];
  readonly text: string;
  /** Where they were asked for; none where the segment has no text. */
  readonly words?: readonly Word[];
  readonly decoded: FallbackResult;
}

/** Above this temperature a text is too doubtful to tell the next window. Source: openai/whisper, transcribe.py. */
const mostTrustedTemperature = 0.5;

/** Goes over a recording window by window, each from where the last timestamp, or word, of the one before says. */
export async function* slidingWindows(
  executor: WhisperExecutor,
  mel: MelSource,
  options: SlidingOptions,
): AsyncGenerator<Segment> {
  if (options.temperatures.length === 0) throw new UsageError("decoding: expected at least one temperature");
  const before = new PreviousText(options, executor.config.textPositions);
  let lastSpeechSeconds = 0;
  for (const [start, end] of clipFrames(options, mel.frames)) {
    let seek = Math.max(start, options.startSeek ?? 0);
    while (seek < Math.min(end, mel.frames)) {
      const window = { seek, end, lastSpeechSeconds };
      const found = await windowAt(executor, mel, before.tokens(), window, options);
      const { decoded, frames, skipped } = found;
      options.onWindow?.({ seek, frames, decoded, skipped });
      seek = found.nextSeek;
      if (decoded === undefined || skipped) continue;
      lastSpeechSeconds = found.lastSpeechSeconds;
      for (const times of found.segments) {
        const segment = segmentOf(decoded, window.seek, times, options);
        before.add(segment.tokens);
        yield segment;
      }
      if (!options.conditionOnPrevious || decoded.temperature > mostTrustedTemperature) before.forget();
    }
  }
}

interface WindowPlace {
  readonly seek: number;
  /** Where its clip ends. */
  readonly end: number;
  readonly lastSpeechSeconds: number;
}

type Times = SegmentTimes & { readonly words?: readonly Word[] };

interface FoundWindow extends Omit<WindowDone, "seek"> {
  readonly segments: readonly Times[];
  readonly nextSeek: number;
  readonly lastSpeechSeconds: number;
}

async function windowAt(
  executor: WhisperExecutor,
  mel: MelSource,
  previous: readonly number[],
  place: WindowPlace,
  options: SlidingOptions,
): Promise<FoundWindow> {
  const { seek, end, lastSpeechSeconds } = place;
  const { window, frameSeconds } = options;
  const fullFrames = 2 * executor.config.audioPositions;
  const framesHeld = () => Math.min(fullFrames, end - seek, mel.frames - seek);
  const skip = (decoded?: FallbackResult): FoundWindow => {
    const frames = framesHeld();
    return { decoded, frames, skipped: true, segments: [], nextSeek: seek + frames, lastSpeechSeconds };
  };
  // As it is asked for below, so that features are made once; a clip's end is not passed.
  const asked = Math.min(windowLength(framesHeld(), fullFrames, options), end < mel.frames ? end - seek : fullFrames);
  const sound = mel.firstSound === undefined ? seek : await mel.firstSound(seek, asked);
  if (sound === undefined) return skip();
  if (sound > seek) return { ...skip(), frames: sound - seek, nextSeek: sound };
  const length = windowLength(framesHeld(), fullFrames, options);
  const state = await executor.encode(await clippedWindow(mel, place, length));
  try {
    // A stream tells its length when the window was read.
    const frames = framesHeld();
    const decoded = await decodeEncoded(executor, state, previous, options);
    if (isSkipped(decoded, options.thresholds)) return skip(decoded);
    const { segments, ...cut } = windowSegments(decoded.tokens, window.special.timestampBegin, frames);
    const times: readonly Times[] = segments.map(({ start, end: last, tokens }) => ({
      startSeconds: (seek + 2 * start) * frameSeconds,
      endSeconds: (seek + 2 * last) * frameSeconds,
      tokens,
    }));
    // A pair of <|0.00|> would leave the window where it is for ever.
    const nextSeek = seek + (cut.advanceFrames > 0 ? cut.advanceFrames : frames);
    const found = { decoded, frames, skipped: false, segments: times, nextSeek, lastSpeechSeconds };
    if (options.words === undefined) return found;
    const timed = { ...place, ...window, ...cut, executor, state, frames, frameSeconds, fullFrames, nextSeek };
    const worded = await windowWords({ ...timed, recordingFrames: mel.frames }, times, options.words);
    return { ...found, ...worded, nextSeek: worded.nextSeek > seek ? worded.nextSeek : seek + frames };
  } finally {
    await state.close();
  }
}

/** The window's features, zeros behind the end of its clip. */
async function clippedWindow(mel: MelSource, { seek, end }: WindowPlace, length: number) {
  const frames = Math.min(length, end - seek);
  if (frames === length || end >= mel.frames) return mel.window(seek, length);
  const clip = await mel.window(seek, frames);
  const [mels = 0] = clip.shape;
  const full = tensor("f32", [mels, length]);
  for (let bin = 0; bin < mels; bin++) {
    full.data.set(clip.data.subarray(bin * frames, (bin + 1) * frames), bin * length);
  }
  return full;
}

function segmentOf(decoded: FallbackResult, seek: number, times: Times, { text }: SlidingOptions): Segment {
  const said = text(times.tokens);
  const isEmpty = times.startSeconds === times.endSeconds || said.trim() === "";
  const empty = { tokens: [], ...(times.words === undefined ? {} : { words: [] }) };
  return { seek, ...times, ...(isEmpty ? empty : {}), text: isEmpty ? "" : said, decoded };
}
