import { AbortedError, type Tensor } from "@aiekit/core";
import type { ClockMs } from "../../features.ts";
import type { MelSource } from "../../whisper/long-form/sliding-windows.ts";
import { createSpeechDetector } from "../../whisper/vad/speech-detector.ts";
import { hopSamples } from "./log-mel.ts";
import { SpeechBuffer } from "./speech-buffer.ts";

export interface SpeechWindowsOptions {
  /** 16 kHz mono. */
  readonly blocks: AsyncIterable<Float32Array>;
  /** Of a window's samples, full scale -1 to 1: `logMel`, or what does it on a device. */
  readonly features: (samples: Float32Array) => Tensor<"f32"> | Promise<Tensor<"f32">>;
  /** Frames of the longest window that will be asked for; memory holds one of these and a block. */
  readonly windowFrames: number;
  /** Whether a window's features are looked at for speech; else only silence of 16 bits is silent. */
  readonly detectsSpeech?: boolean | undefined;
  readonly clockMs: ClockMs;
  readonly signal?: AbortSignal | undefined;
}

/** What 16 bits cannot tell from silence. */
const silenceAmplitude = 1 / 32_768;
const frameSeconds = 0.01;
const leastJumpFrames = 50;

/**
 * Features of a recording that is read as its windows are asked for, which begin later each time. A window's features are
 * those of its own sound with silence behind it, the largest of it deciding what is cut below: as `transformers` gives
 * them for a piece of sound, and as the `logmel` kernel does.
 */
export class SpeechWindows implements MelSource {
  readonly #options: SpeechWindowsOptions;
  readonly #blocks: AsyncIterator<Float32Array>;
  readonly #buffer = new SpeechBuffer();
  #ended = false;
  #audioMs = 0;
  #melMs = 0;
  #last: { readonly from: number; readonly frames: number; readonly features: Tensor<"f32"> } | undefined;

  private constructor(options: SpeechWindowsOptions) {
    this.#options = options;
    this.#blocks = options.blocks[Symbol.asyncIterator]();
  }

  /** Reads the first window. @throws what the blocks throw; so do the other methods. */
  static async open(options: SpeechWindowsOptions): Promise<SpeechWindows> {
    const windows = new SpeechWindows(options);
    await windows.#readTo(options.windowFrames);
    return windows;
  }

  get frames(): number {
    return this.#ended ? Math.floor(this.samples / hopSamples) : Number.POSITIVE_INFINITY;
  }

  /** That came so far. */
  get samples(): number {
    return this.#buffer.end;
  }

  /** Wall time of reading the recording. */
  get audioMs(): number {
    return this.#audioMs;
  }

  /** Wall time of features. */
  get melMs(): number {
    return this.#melMs;
  }

  /** The same array where it is asked for twice in a row. */
  async window(from: number, frames: number): Promise<Tensor<"f32">> {
    if (this.#last?.from === from && this.#last.frames === frames) return this.#last.features;
    const samples = await this.#samples(from, frames);
    const startMs = this.#options.clockMs();
    const features = await this.#options.features(samples);
    this.#melMs += this.#options.clockMs() - startMs;
    this.#last = { from, frames, features };
    return features;
  }

  /** Less than half a second before speech is kept: features made anew cost more than that. */
  async firstSound(from: number, frames: number): Promise<number | undefined> {
    const samples = await this.#samples(from, frames);
    if (samples.every((sample) => Math.abs(sample) <= silenceAmplitude)) return undefined;
    if (!this.#options.detectsSpeech) return from;
    const detector = createSpeechDetector();
    const [first] = [...detector.push(await this.window(from, frames)), ...detector.end()];
    if (first === undefined) return undefined;
    const behind = Math.floor(first.startSeconds / frameSeconds);
    return behind < leastJumpFrames ? from : from + behind;
  }

  /** Lets go of the recording. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#blocks.return?.();
  }

  async #samples(from: number, frames: number): Promise<Float32Array> {
    this.#buffer.dropBefore(from * hopSamples);
    await this.#readTo(from + frames);
    return this.#buffer.slice(from * hopSamples, frames * hopSamples);
  }

  /** One frame beyond what is needed: it tells whether there is another window. */
  async #readTo(frame: number): Promise<void> {
    const { signal, clockMs } = this.#options;
    if (signal?.aborted) throw new AbortedError("transcription: stopped");
    const startMs = clockMs();
    while (!this.#ended && this.#buffer.end < (frame + 1) * hopSamples) {
      const { done, value } = await this.#blocks.next();
      if (done === true) this.#ended = true;
      else this.#buffer.push(value);
    }
    this.#audioMs += clockMs() - startMs;
  }
}
