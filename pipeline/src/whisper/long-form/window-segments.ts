/** What of a window is said when, in timestamps (two frames each) from the window's begin. */
interface WindowSegment {
  readonly start: number;
  readonly end: number;
  readonly tokens: readonly number[];
}

interface SegmentedWindow {
  readonly segments: readonly WindowSegment[];
  /** Frames by which the next window begins later. */
  readonly advanceFrames: number;
  /** The last token is a timestamp, and the one before it is none: nothing was said behind it. */
  readonly endsInTimestamp: boolean;
}

/**
 * Cuts a window's tokens at pairs of timestamps. A text that its window cut off, behind the last pair, is left to the
 * next window, which begins there; without a pair, and behind a single last timestamp, the whole window is done.
 * `frames`: of the window, padding left out. Source: openai/whisper, transcribe.py.
 */
export function windowSegments(tokens: readonly number[], timestampBegin: number, frames: number): SegmentedWindow {
  const isTimestamp = (index: number) => (tokens[index] ?? -1) >= timestampBegin;
  const time = (index: number) => tokens[index]! - timestampBegin;
  const count = tokens.length;
  const cuts = [...tokens.keys()].filter((i) => i > 0 && isTimestamp(i - 1) && isTimestamp(i));
  const endsInTimestamp = count >= 2 && isTimestamp(count - 1) && !isTimestamp(count - 2);
  if (cuts.length === 0) {
    const last = tokens.findLastIndex((_, i) => isTimestamp(i));
    const end = last >= 0 && time(last) > 0 ? time(last) : frames / 2;
    return { segments: [{ start: 0, end, tokens }], advanceFrames: frames, endsInTimestamp };
  }
  if (endsInTimestamp) cuts.push(count);
  const segments = cuts.map((cut, i) => {
    const from = cuts[i - 1] ?? 0;
    return { start: time(from), end: time(cut - 1), tokens: tokens.slice(from, cut) };
  });
  const advanceFrames = endsInTimestamp ? frames : 2 * time(cuts.at(-1)! - 1);
  return { segments, advanceFrames, endsInTimestamp };
}
