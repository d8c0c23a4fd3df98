import { type Tensor, tensor } from "@aiekit/core";
import type { ByteSource } from "../audio/byte-source.ts";
import type { OpenAudioOptions } from "../audio/open-audio.ts";
import { toPcm16 } from "../audio/pcm16.ts";
import { speechRateHz } from "../audio/speech-notes.ts";
import { openSpeech } from "../audio/speech-stream.ts";
import type { ClockMs } from "../features.ts";
import type { WhisperModel } from "../model/whisper-model.ts";
import { detectLanguage } from "../whisper/decoding/language.ts";
import type { EncoderState, WhisperExecutor } from "../whisper/executor.ts";
import { chunkedWindows } from "../whisper/long-form/chunked-windows.ts";
import { type Segment, slidingWindows, type WindowDone } from "../whisper/long-form/sliding-windows.ts";
import { windowLength } from "../whisper/long-form/window-decoding.ts";
import { modelDecoding } from "../whisper/model-decoding.ts";
import { logMel } from "./mel/log-mel.ts";
import { SpeechWindows, type SpeechWindowsOptions } from "./mel/speech-windows.ts";
import { slidingOptions } from "./sliding-options.ts";
import type { TraceLog } from "./trace.ts";
import type { TranscribeOptions } from "./transcribe-options.ts";
import type { TranscribedSegment, Transcription } from "./transcription.ts";

export interface TranscriberParts {
  readonly model: WhisperModel;
  readonly executor: WhisperExecutor;
  /** Where the executor's events go; emptied for each recording. */
  readonly trace: TraceLog;
  readonly clockMs: ClockMs;
  readonly signal?: AbortSignal | undefined;
}

/** What is told while a recording is transcribed. */
export interface TranscribeEvents {
  readonly onSegment?: ((segment: TranscribedSegment) => void) | undefined;
  readonly onWindow?: ((window: WindowDone) => void) | undefined;
}

/** A model that is open, and what runs it. Closing it closes both. */
export class Transcriber {
  readonly #parts: TranscriberParts;

  constructor(parts: TranscriberParts) {
    this.#parts = parts;
  }

  get model(): WhisperModel {
    return this.#parts.model;
  }

  /** Where the model runs now; a fall-back changes it. */
  get executorName(): string {
    return this.#parts.executor.name;
  }

  /**
   * Transcribes a recording of any length, which is read as it goes on.
   * @throws what `openSpeech`, its blocks and the executor throw; AbortedError when the signal says so.
   */
  async transcribe(
    source: ByteSource,
    options: TranscribeOptions,
    events: TranscribeEvents & { readonly audio?: OpenAudioOptions | undefined } = {},
  ): Promise<Transcription> {
    const { model, trace, clockMs, signal } = this.#parts;
    const startMs = clockMs();
    trace.clear();
    // Whatever cannot be is said before a recording is opened.
    slidingOptions(model, options, options.language);
    const { format, blocks, notes } = await openSpeech(source, events.audio);
    const windowFrames = 2 * model.config.audioPositions;
    const openedMs = clockMs() - startMs;
    const windows = await SpeechWindows.open({
      blocks,
      features: featuresBy(this.#parts.executor),
      windowFrames,
      detectsSpeech: options.vad,
      clockMs,
      signal,
    });
    try {
      const spoken = await this.#spoken(windows, options, events);
      const totalMs = clockMs() - startMs;
      const phases = {
        audioMs: openedMs + windows.audioMs,
        melMs: windows.melMs,
        encoderMs: trace.partMs("encoder"),
        decoderMs: trace.partMs("decoder"),
      };
      const named = Object.values(phases).reduce((sum, ms) => sum + ms, 0);
      return {
        task: options.task,
        ...spoken,
        durationSeconds: windows.samples / speechRateHz,
        text: spoken.segments.map(({ text }) => text).join(""),
        format,
        notes: notes(),
        phases: { ...phases, otherMs: Math.max(0, totalMs - named), totalMs },
        trace: trace.summary(),
      };
    } finally {
      await windows.close();
    }
  }

  async close(): Promise<void> {
    await this.#parts.executor.close();
    await this.#parts.model.close();
  }

  /** Windows of silence at the start tell no language; a recording of nothing else has none. */
  async #spoken(windows: SpeechWindows, options: TranscribeOptions, events: TranscribeEvents) {
    const segments: TranscribedSegment[] = [];
    const seek = await firstSound(windows, 2 * this.model.config.audioPositions);
    if (seek === undefined) return { language: options.language, languageProbability: undefined, segments };
    const { executor, language, languageProbability } = await this.#language(windows, options, seek);
    const longForm = { ...slidingOptions(this.model, options, language), startSeek: seek, onWindow: events.onWindow };
    const isChunked = longForm.overlapFrames !== undefined;
    const found = (isChunked ? chunkedWindows : slidingWindows)(executor, windows, longForm);
    for await (const segment of found) {
      // Noise that is heard as nothing is no segment; openai-whisper keeps an empty one.
      if (segment.text === "") continue;
      const transcribed = transcribedSegment(segment, segments.length);
      segments.push(transcribed);
      events.onSegment?.(transcribed);
    }
    return { language, languageProbability, segments };
  }

  /** The language that was given, or that of the window at `seek`, which is not encoded a second time for its text. */
  async #language(windows: SpeechWindows, options: TranscribeOptions, seek: number) {
    const { executor, model } = this.#parts;
    const { special } = modelDecoding(model);
    if (options.language !== undefined || Object.keys(special.languages).length === 0) {
      return { executor, language: options.language ?? "en", languageProbability: undefined };
    }
    const fullFrames = 2 * model.config.audioPositions;
    // As the window is asked for again: silence before the sound was read, so its end is known where it is short.
    const length = windowLength(windows.frames - seek, fullFrames, slidingOptions(model, options, options.language));
    const features = await windows.window(seek, length);
    const state = await executor.encode(features);
    const { language, probabilities } = await detectLanguage(executor, state, special);
    return { executor: encodedOnce(executor, features, state), language, languageProbability: probabilities[language] };
  }
}

/** On the executor's device where it makes features, of 16-bit samples; else on the host. */
function featuresBy(executor: WhisperExecutor): SpeechWindowsOptions["features"] {
  if (executor.melFeatures === undefined) return logMel(executor.config.mels);
  return (samples) => executor.melFeatures!(tensor("i16", [samples.length], toPcm16(samples).pcm));
}

/** Where the first window with sound is to begin. */
async function firstSound(windows: SpeechWindows, windowFrames: number): Promise<number | undefined> {
  for (let seek = 0; seek < windows.frames; seek += windowFrames) {
    const sound = await windows.firstSound(seek, windowFrames);
    if (sound !== undefined) return sound;
  }
  return undefined;
}

/** An executor that has encoded these features already. Who asks for them gets the state, and closes it. */
function encodedOnce(executor: WhisperExecutor, features: Tensor<"f32">, state: EncoderState): WhisperExecutor {
  let kept: EncoderState | undefined = state;
  return {
    name: executor.name,
    config: executor.config,
    encode: async (asked) => {
      const known = asked === features ? kept : undefined;
      kept = undefined;
      return known ?? executor.encode(asked);
    },
    decode: (of, options) => executor.decode(of, options),
    close: () => executor.close(),
  };
}

function transcribedSegment({ decoded, ...segment }: Segment, id: number): TranscribedSegment {
  const { seek, startSeconds, endSeconds, text, tokens } = segment;
  const { temperature, avgLogProb, compressionRatio, noSpeechProb } = decoded;
  const window = { temperature, avgLogProb, compressionRatio, noSpeechProb };
  const words = segment.words?.map(({ text: word, ...times }) => ({ word, ...times }));
  return { id, seek, startSeconds, endSeconds, text, tokens, ...window, ...(words === undefined ? {} : { words }) };
}
