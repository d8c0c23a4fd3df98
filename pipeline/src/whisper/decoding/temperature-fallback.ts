import { compressionRatio } from "./compression-ratio.ts";
import type { DecodedWindow } from "./decode-window.ts";

/** When a result is not good enough; a threshold that is undefined never asks for more. */
export interface FallbackThresholds {
  /** Text that compresses better than this repeats itself. */
  readonly compressionRatio: number | undefined;
  /** A mean log probability below this is too low. */
  readonly avgLogProb: number | undefined;
  /** Above this, and with too low a log probability, a window is silence: it is taken as it is. */
  readonly noSpeechProb: number | undefined;
}

/** Source: openai/whisper, transcribe.py, defaults of `transcribe`. */
export const publishedThresholds: FallbackThresholds = { compressionRatio: 2.4, avgLogProb: -1, noSpeechProb: 0.6 };
export const publishedTemperatures: readonly number[] = [0, 0.2, 0.4, 0.6, 0.8, 1];

export interface FallbackResult extends DecodedWindow {
  readonly temperature: number;
  readonly compressionRatio: number;
}

/** Decodes at one temperature after another until a result is good enough; the last one is taken in any case. */
export async function decodeWithFallback(
  decode: (temperature: number) => Promise<DecodedWindow>,
  text: (tokens: readonly number[]) => string,
  { temperatures, thresholds }: { readonly temperatures: readonly number[]; readonly thresholds: FallbackThresholds },
): Promise<FallbackResult> {
  const last = temperatures.length - 1;
  for (const temperature of temperatures.slice(0, last)) {
    const result = withRatio(await decode(temperature), text, temperature);
    if (!needsFallback(result, thresholds)) return result;
  }
  return withRatio(await decode(temperatures[last]!), text, temperatures[last]!);
}

export function needsFallback(result: Omit<FallbackResult, "temperature">, thresholds: FallbackThresholds): boolean {
  if (isSilence(result, thresholds) && isBelow(result.avgLogProb, thresholds.avgLogProb)) return false;
  return (
    isAbove(result.compressionRatio, thresholds.compressionRatio) || isBelow(result.avgLogProb, thresholds.avgLogProb)
  );
}

/** Whether a window is skipped: no speech, unless its text is likely. */
export function isSkipped(result: DecodedWindow, thresholds: FallbackThresholds): boolean {
  return isSilence(result, thresholds) && !isAbove(result.avgLogProb, thresholds.avgLogProb);
}

function isSilence({ noSpeechProb }: Pick<DecodedWindow, "noSpeechProb">, thresholds: FallbackThresholds): boolean {
  return isAbove(noSpeechProb, thresholds.noSpeechProb);
}

function isAbove(value: number, threshold: number | undefined): boolean {
  return threshold !== undefined && value > threshold;
}

function isBelow(value: number, threshold: number | undefined): boolean {
  return threshold !== undefined && value < threshold;
}

/** As published, the ratio is of the text without space around it. */
function withRatio(result: DecodedWindow, text: (tokens: readonly number[]) => string, temperature: number) {
  return { ...result, temperature, compressionRatio: compressionRatio(text(result.tokens).trim()) };
}
