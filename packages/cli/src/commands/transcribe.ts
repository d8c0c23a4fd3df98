import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { UsageError } from "@aiekit/core";
import { type ExecutorKind, languageCode, type RawPcm, type TranscriptFormat } from "@aiekit/pipeline";
import type { Command } from "../command-context.ts";
import { decodingOptions } from "../transcribe/decoding-options.ts";
import { findModel } from "../transcribe/find-model.ts";
import { openTranscriber } from "../transcribe/open-transcriber.ts";
import { findRecordings } from "../transcribe/recordings.ts";
import { transcribeRecordings } from "../transcribe/transcribe-recordings.ts";
import type { Precision } from "../transcribe/whisper-executors.ts";
import { WindowDump } from "../transcribe/window-dump.ts";

type Place = ExecutorKind | "auto";

/** As the command line gives them; what is undefined has the default that `--help` tells. */
export interface TranscribeCommandOptions {
  readonly recordings: readonly string[];
  readonly model?: string;
  readonly device?: Place;
  readonly encoder?: Place;
  readonly decoder?: Place;
  readonly fallback?: "cpu" | "reference";
  readonly threads?: number;
  readonly precision?: Precision;
  /** `true` without a suffix. */
  readonly exported?: string | true;
  readonly npu?: "npu1" | "npu2";
  readonly pcm?: RawPcm;
  readonly language?: string;
  readonly task?: "transcribe" | "translate";
  readonly prompt?: string;
  readonly timestamps: boolean;
  readonly condition: boolean;
  readonly temperature?: readonly number[];
  readonly bestOf?: number;
  readonly beam?: number;
  readonly patience?: number;
  readonly lengthPenalty?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly suppressTokens?: readonly number[];
  readonly forbidRepeats?: number;
  readonly maxTokens?: number;
  readonly vad?: boolean;
  readonly wordTimestamps?: boolean;
  readonly hallucinationSilence?: number;
  readonly carryPrompt?: boolean;
  readonly clips?: readonly number[];
  /** true where it was given without seconds. */
  readonly chunked?: number | true;
  readonly shortWindows?: readonly number[] | "auto" | true;
  readonly compressionRatioThreshold?: number | null;
  readonly logProbThreshold?: number | null;
  readonly silenceThreshold?: number | null;
  readonly out?: string;
  readonly format?: readonly TranscriptFormat[];
  readonly overwrite?: boolean;
  readonly highlightWords?: boolean;
  readonly maxLineWidth?: number;
  readonly maxLineCount?: number;
  readonly maxWordsPerLine?: number;
  readonly dumpFeatures?: string;
  readonly dumpEncoder?: string;
  readonly dumpTokens?: string;
  readonly explain?: boolean;
}

/** `aiekit transcribe`: the exit code is 0, or that of the first recording that failed. */
export const transcribe: Command<TranscribeCommandOptions> = async (context, options) => {
  refuseContradictions(options);
  refuseWindows(options);
  const language = options.language === undefined ? undefined : languageCode(options.language);
  const decoding = decodingOptions(options, language);
  const recordings = await findRecordings(options.recordings, context.cwd);
  if (options.out !== undefined) await expectFolder(options.out, context.cwd);
  const dump = new WindowDump({
    features: options.dumpFeatures,
    encoder: options.dumpEncoder,
    tokens: options.dumpTokens,
  });
  if (dump.isAsked && recordings.length > 1)
    throw new UsageError(`--dump-...: expected one recording, got ${recordings.length}`);
  const { folder, note } = await findModel(options.model, context);
  const { device, encoder, decoder, fallback, threads, precision, npu } = options;
  const exported = options.exported === true ? "" : options.exported;
  const wrap: WindowDump["wrap"] = (executor) => dump.wrap(executor);
  const places = { device, encoder, decoder, fallback };
  const opened = await openTranscriber(context, { folder, ...places, threads, precision, npu, exported, wrap });
  try {
    const notes = [...(note === undefined ? [] : [note]), ...opened.placement.reasons];
    return await transcribeRecordings(context, { options, decoding, recordings, dump, opened, notes });
  } finally {
    await opened.transcriber.close();
  }
};

/** Before any work: results are written at its end. */
async function expectFolder(out: string, cwd: string): Promise<void> {
  const found = await stat(resolve(cwd, out)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new UsageError(`--out ${out}: expected a folder: ${error.message}`, {
      hint: "give another folder",
      cause: error,
    });
  });
  if (found !== undefined && !found.isDirectory())
    throw new UsageError(`--out ${out}: expected a folder, got a file`, { hint: "give another folder" });
}

function refuseContradictions(options: TranscribeCommandOptions): void {
  const { out, format, overwrite } = options;
  const { wordTimestamps } = options;
  const needsWords = [
    ["--highlight-words", options.highlightWords],
    ["--max-line-width", options.maxLineWidth],
    ["--max-line-count", options.maxLineCount],
    ["--max-words-per-line", options.maxWordsPerLine],
    ["--hallucination-silence", options.hallucinationSilence],
  ] as const;
  const asked = needsWords.find(([, value]) => value !== undefined);
  if (asked !== undefined && wordTimestamps !== true)
    throw new UsageError(`${asked[0]}: words have no times without --word-timestamps`, {
      hint: "add --word-timestamps",
    });
  if (overwrite === true && out === undefined)
    throw new UsageError("--overwrite: of results in a folder: --out FOLDER");
  if (out === undefined && (format?.length ?? 1) > 1)
    throw new UsageError(`--format: expected one format for stdout, got ${format!.length}`, { hint: "--out FOLDER" });
}

/** Windows that overlap have no words and no clips; arrays of windows of several lengths are not stacked. */
function refuseWindows(options: TranscribeCommandOptions): void {
  const { chunked, shortWindows, dumpFeatures, dumpEncoder } = options;
  const notChunked = (["wordTimestamps", "clips"] as const).find((name) => options[name] !== undefined);
  if (chunked !== undefined && notChunked !== undefined)
    throw new UsageError(`--chunked, ${optionNames[notChunked]}: windows that overlap have neither words nor clips`, {
      hint: "leave --chunked out: windows one behind another have both",
    });
  if (shortWindows !== undefined && (dumpFeatures ?? dumpEncoder) !== undefined)
    throw new UsageError("--short-windows, --dump-features or --dump-encoder: windows of several lengths are no array");
}

const optionNames = { wordTimestamps: "--word-timestamps", clips: "--clips" } as const;
