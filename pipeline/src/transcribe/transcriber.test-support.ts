import { onTestFinished } from "vitest";
import { tinyModelFiles, writeModel } from "../model/model-folder.test-support.ts";
import { openWhisperModel } from "../model/whisper-model.ts";
import type { WhisperExecutor } from "../whisper/executor.ts";
import { referenceExecutor } from "../whisper/reference/reference-executor.ts";
import { whisperSizes } from "../whisper/whisper-sizes.ts";
import { tracedExecutor } from "./placement/traced-executor.ts";
import { TraceLog } from "./trace.ts";
import { Transcriber } from "./transcriber.ts";

/** A model of random weights, 1 s windows and 20 positions, in the reference executor, or in what `wrap` makes of it. */
export async function tinyTranscriber(
  options: {
    readonly seed?: number;
    readonly multilingual?: boolean;
    readonly wrap?: (executor: WhisperExecutor) => WhisperExecutor;
    readonly signal?: AbortSignal;
  } = {},
) {
  const { seed = 1, multilingual = true, wrap = (executor) => executor, signal } = options;
  const files = tinyModelFiles(seed);
  if (!multilingual) {
    const { lang_to_id: _, task_to_id: __, ...rules } = files.json["generation_config.json"]!;
    files.json["generation_config.json"] = { ...rules, is_multilingual: false };
  }
  const model = await openWhisperModel(await writeModel(files));
  const trace = new TraceLog();
  const clockMs = () => performance.now();
  const reference = await referenceExecutor(whisperSizes(model.config), (name) => model.tensors.read(name));
  const executor = wrap(tracedExecutor(reference, { trace: trace.record, clockMs, signal }));
  const transcriber = new Transcriber({ model, executor, trace, clockMs, signal });
  onTestFinished(() => transcriber.close());
  return { transcriber, model, executor };
}

/** Bytes of 16-bit samples without a header, in chunks of an odd size; `raw` is their form. */
export function pcmPieces(pcm: Int16Array, chunk = 1001): AsyncIterable<Uint8Array> {
  const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  return (async function* () {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.slice(at, at + chunk);
  })();
}

export const raw = { encoding: "s16le", sampleRateHz: 16_000, channelCount: 1 } as const;
