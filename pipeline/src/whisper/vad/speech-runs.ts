import type { SpeechDetectorOptions, TimeRange } from "./speech-detector.ts";
import type { SpeechScore } from "./speech-score.ts";

interface Run {
  readonly from: number;
  to: number;
}

/** Frames whose excess is uneven that a range must have. */
const leastVoiced = 4;

/** Makes ranges of speech from scores of frames: hysteresis, least durations, padding. */
export class SpeechRuns {
  #frame = 0;
  /** The run that is going on, and how many of its frames are uneven. */
  #open: { from: number; voiced: number } | undefined;
  /** Runs that belong together, until enough silence has followed. */
  #range: Run | undefined;
  #lastEndSeconds = 0;
  #ready: TimeRange[] = [];
  readonly #settings: Required<SpeechDetectorOptions>;

  constructor(settings: Required<SpeechDetectorOptions>) {
    this.#settings = settings;
  }

  add({ excessDb, contourDb }: SpeechScore): void {
    const { onDb, offDb, minSilenceSeconds, frameSeconds } = this.#settings;
    const isVoiced = contourDb >= this.#settings.contourDb;
    if (this.#open !== undefined && excessDb < offDb) this.#closeRun();
    if (this.#open === undefined && excessDb >= onDb) this.#open = { from: this.#frame, voiced: 0 };
    if (this.#open !== undefined && isVoiced) this.#open.voiced++;
    this.#frame++;
    if (this.#open === undefined && this.#range !== undefined) {
      if ((this.#frame - this.#range.to) * frameSeconds >= this.#quietSeconds(minSilenceSeconds)) this.#closeRange();
    }
  }

  end(): void {
    if (this.#open !== undefined) this.#closeRun();
    if (this.#range !== undefined) this.#closeRange();
  }

  taken(): TimeRange[] {
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  /** Padding on both sides must not overlap. */
  #quietSeconds(minSilenceSeconds: number): number {
    return Math.max(minSilenceSeconds, 2 * this.#settings.paddingSeconds);
  }

  #closeRun(): void {
    const { minSpeechSeconds, minSilenceSeconds, frameSeconds } = this.#settings;
    const { from, voiced } = this.#open!;
    this.#open = undefined;
    const isSpeech = (this.#frame - from) * frameSeconds >= minSpeechSeconds && voiced >= leastVoiced;
    if (!isSpeech) return;
    if (this.#range !== undefined) {
      const gapSeconds = (from - this.#range.to) * frameSeconds;
      if (gapSeconds >= this.#quietSeconds(minSilenceSeconds)) this.#closeRange();
    }
    if (this.#range === undefined) this.#range = { from, to: this.#frame };
    else this.#range.to = this.#frame;
  }

  #closeRange(): void {
    const { frameSeconds, paddingSeconds } = this.#settings;
    const { from, to } = this.#range!;
    this.#range = undefined;
    const startSeconds = Math.max(this.#lastEndSeconds, from * frameSeconds - paddingSeconds);
    const endSeconds = Math.min(this.#frame * frameSeconds, to * frameSeconds + paddingSeconds);
    this.#lastEndSeconds = endSeconds;
    this.#ready.push({ startSeconds, endSeconds });
  }
}
