import type { OverlappingWindow } from "./overlapping-windows.ts";
import { stitchTokens } from "./stitch-tokens.ts";

/** A window and what was decoded of it, timestamps among the tokens or not. */
export interface StitchedWindow extends OverlappingWindow {
  readonly tokens: readonly number[];
}

/** A piece of text in time; times are undefined where no timestamp tells them. */
export interface StitchedText {
  readonly startSeconds: number | undefined;
  readonly endSeconds: number | undefined;
  /** Tokens of text. */
  readonly tokens: readonly number[];
}

export interface StitchOptions {
  readonly eot: number;
  readonly timestampBegin: number;
  readonly frameSeconds: number;
}

/**
 * Text of a recording from its overlapping windows, in order. Timestamps in an overlap do not count: text there is laid over
 * that of the next window, and ends with a timestamp outside of it.
 * Source: transformers, models/whisper/tokenization_whisper.py, `_decode_asr`.
 */
export function stitchWindows(windows: readonly StitchedWindow[], options: StitchOptions): StitchedText[] {
  const { eot, timestampBegin, frameSeconds } = options;
  const texts: StitchedText[] = [];
  let pending: number[][] = [];
  let startSeconds: number | undefined;
  let isPairSkipped = false;
  for (const window of windows) {
    const inRight = rightOverlapBegin(window, options);
    const leftEnd = timestampBegin + window.strideLeft / 2;
    let current: number[] = [];
    for (const token of window.tokens) {
      if (token < eot) current.push(token);
      if (token < timestampBegin) continue;
      const seconds = Number((((token - timestampBegin) * 2 + window.startFrame) * frameSeconds).toFixed(2));
      if (inRight !== undefined && token >= inRight) {
        // They come in pairs: the second one would begin another text.
        isPairSkipped = true;
      } else if (isPairSkipped || (pending.length > 0 && token < leftEnd)) {
        isPairSkipped = false;
      } else if (startSeconds === undefined) {
        startSeconds = seconds;
      } else if (seconds !== startSeconds) {
        texts.push({ startSeconds, endSeconds: seconds, tokens: stitchTokens([...pending, current]) });
        [pending, current, startSeconds] = [[], [], undefined];
      }
    }
    if (current.length > 0) pending.push(current);
    else if (pending.length === 0) startSeconds = undefined;
  }
  if (pending.length > 0) texts.push({ startSeconds, endSeconds: undefined, tokens: stitchTokens(pending) });
  return texts;
}

/** The first timestamp that is left to the next window: the first in the overlap with it, or else the window's last. */
function rightOverlapBegin(window: StitchedWindow, { timestampBegin }: StitchOptions): number | undefined {
  if (window.strideRight === 0) return undefined;
  const begin = timestampBegin + (window.frames - window.strideRight) / 2;
  let found: number | undefined;
  for (const token of [...window.tokens].reverse()) {
    if (token < timestampBegin) continue;
    if (found !== undefined && token < begin) break;
    found = token;
  }
  return found;
}
