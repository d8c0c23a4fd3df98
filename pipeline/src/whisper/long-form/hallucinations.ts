import type { SegmentTimes, Word } from "../alignment/segment-words.ts";

export interface WordedSegment extends SegmentTimes {
  readonly words: readonly Word[];
}

/** A window whose words have times, all in seconds of the recording. */
interface WordedWindow<S extends WordedSegment> {
  readonly segments: readonly S[];
  readonly startSeconds: number;
  /** Where its sound ends: with the recording, a clip or the window. */
  readonly endSeconds: number;
  /** Where a full window would end. */
  readonly fullEndSeconds: number;
  readonly recordingSeconds: number;
  readonly lastSpeechSeconds: number;
}

/** What is left of a window, and where the next one begins; undefined where that is as if nothing had been skipped. */
interface SkippedSilence<S> {
  readonly segments: readonly S[];
  readonly nextSeconds: number | undefined;
}

/** Source of all numbers here: openai/whisper, transcribe.py. */
const improbable = 0.15;
const shortSeconds = 0.133;
const longSeconds = 2;
const edgeSeconds = 2;
const judgedWords = 8;
const punctuation = "\"'“¿([{-\"'.。,，!！?？:：”)]}、";

/**
 * Leaves out text that was probably not said: words that are improbable, very short or very long, with more silence than
 * `silenceSeconds` on both sides. Decoding goes on behind the silence before it.
 */
export function skipHallucinations<S extends WordedSegment>(
  window: WordedWindow<S>,
  silenceSeconds: number,
): SkippedSilence<S> {
  const { segments, startSeconds } = window;
  const first = segments.find(hasWords);
  if (first !== undefined && isAnomalous(first)) {
    const gap = first.startSeconds - startSeconds;
    if (gap > silenceSeconds) return { segments: [], nextSeconds: startSeconds + gap };
  }
  let before = window.lastSpeechSeconds;
  for (const [index, segment] of segments.entries()) {
    if (!hasWords(segment)) continue;
    if (isAnomalous(segment) && isAmidSilence(window, index, before, silenceSeconds)) {
      const isLast = window.recordingSeconds - segment.endSeconds < silenceSeconds;
      const next = isLast ? window.recordingSeconds : Math.max(startSeconds + 1, segment.startSeconds);
      return { segments: segments.slice(0, index), nextSeconds: next };
    }
    before = segment.endSeconds;
  }
  return { segments, nextSeconds: undefined };
}

function isAmidSilence<S extends WordedSegment>(
  { segments, startSeconds, endSeconds, fullEndSeconds }: WordedWindow<S>,
  index: number,
  before: number,
  silenceSeconds: number,
): boolean {
  const segment = segments[index]!;
  const next = segments.slice(index + 1).find(hasWords);
  const nextStart = next?.words[0]?.startSeconds ?? endSeconds;
  const silentBefore =
    segment.startSeconds - before > silenceSeconds ||
    segment.startSeconds < silenceSeconds ||
    segment.startSeconds - startSeconds < edgeSeconds;
  const silentBehind =
    nextStart - segment.endSeconds > silenceSeconds ||
    (next !== undefined && isAnomalous(next)) ||
    fullEndSeconds - segment.endSeconds < edgeSeconds;
  return silentBefore && silentBehind;
}

function hasWords({ words }: WordedSegment): boolean {
  return words.length > 0;
}

function isAnomalous({ words }: WordedSegment): boolean {
  const judged = words.filter(({ text }) => !punctuation.includes(text)).slice(0, judgedWords);
  const score = judged.reduce((sum, word) => sum + anomaly(word), 0);
  return score >= 3 || score + 0.01 >= judged.length;
}

function anomaly({ startSeconds, endSeconds, probability }: Word): number {
  const seconds = endSeconds - startSeconds;
  const unlikely = probability < improbable ? 1 : 0;
  if (seconds < shortSeconds) return unlikely + (shortSeconds - seconds) * 15;
  return seconds > longSeconds ? unlikely + seconds - longSeconds : unlikely;
}
