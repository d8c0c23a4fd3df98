import { resolve } from "node:path";
import { modelJsonFiles, type TranscribeOptions, type TranscriptFormat } from "@aiekit/pipeline";
import type { CommandContext } from "../command-context.ts";
import type { TranscribeCommandOptions } from "../commands/transcribe.ts";
import { type ExitCode, exitCodeOf, exitCodes } from "../exit-codes.ts";
import { errorRecord, formatError } from "../print-error.ts";
import { colorsFor } from "../terminal.ts";
import type { OpenTranscriber } from "./open-transcriber.ts";
import { printRecord } from "./print-record.ts";
import type { Recording } from "./recordings.ts";
import { isFinished, modelKey, resultKey } from "./result-record.ts";
import { type ResultPlace, transcribeRecording } from "./transcribe-recording.ts";
import type { WindowDump } from "./window-dump.ts";

/** Everything that was asked for, opened. */
export interface TranscriptionRun {
  readonly options: TranscribeCommandOptions;
  readonly decoding: TranscribeOptions;
  readonly recordings: readonly Recording[];
  readonly dump: WindowDump;
  readonly opened: OpenTranscriber;
  /** Which model, and what runs it: said first. */
  readonly notes: readonly string[];
}

interface Failure {
  readonly name: string;
  readonly error: unknown;
}

/**
 * One recording after another. One that fails is told and stops no other; Ctrl-C stops all, and leaves what is finished.
 * Returns the exit code of the first failure.
 */
export async function transcribeRecordings(context: CommandContext, run: TranscriptionRun): Promise<ExitCode> {
  const { recordings, notes, opened } = run;
  const say = (line: string) => context.stderr.write(`${line}\n`);
  for (const note of notes) say(note);
  const model = run.options.out === undefined ? undefined : await keyOfModel(opened);
  const failures: Failure[] = [];
  let skipped = 0;
  for (const recording of recordings) {
    try {
      const place = await resultPlace(context, run, recording, model);
      if (place?.isFinished) {
        skipped++;
        say(`${recording.name}: finished before, left as it is; --overwrite does it again`);
        printRecord(context, { kind: "skipped", recording: recording.name, files: place.files });
        continue;
      }
      await transcribeRecording(context, run, { recording, place });
    } catch (error) {
      if (exitCodeOf(error) === exitCodes.interrupted) throw error;
      failures.push({ name: recording.name, error });
      const view = { colors: colorsFor(context.stderr, context.environment), verbose: context.verbose };
      context.stderr.write(formatError(error, view));
      printRecord(context, { kind: "failed", recording: recording.name, ...errorRecord(error) });
    }
  }
  const done = recordings.length - skipped - failures.length;
  printRecord(context, { kind: "summary", done, skipped, failed: failures.map(({ name }) => name) });
  if (recordings.length > 1) say(`${done} transcribed, ${skipped} finished before, ${failures.length} failed`);
  if (recordings.length > 1) for (const { name } of failures) say(`  failed: ${name}`);
  return failures.length === 0 ? exitCodes.ok : exitCodeOf(failures[0]!.error);
}

/** Where a recording's results go, and whether they are there. stdin has no name to know it by: it is always done. */
async function resultPlace(
  { cwd }: CommandContext,
  { options, decoding, opened }: TranscriptionRun,
  { name, stem }: Recording,
  model: string | undefined,
): Promise<ResultPlace | undefined> {
  if (options.out === undefined || model === undefined) return undefined;
  const folder = resolve(cwd, options.out);
  const formats: readonly TranscriptFormat[] = options.format ?? ["txt"];
  const files = formats.map((format) => `${stem}.${format}`);
  const { pcm, highlightWords, maxLineWidth, maxLineCount, maxWordsPerLine } = options;
  const layout = { highlightWords, maxLineWidth, maxLineCount, maxWordsPerLine };
  const { encoder, decoder } = opened.placement;
  const asked = { decoding, layout, pcm, encoder, decoder, precision: options.precision, exported: options.exported };
  // A recording that is not there has no key: it fails when it is opened.
  const key = name === "-" ? undefined : await resultKey(resolve(cwd, name), model, asked).catch(() => undefined);
  const finished = key !== undefined && options.overwrite !== true && (await isFinished(folder, stem, key, files));
  return { folder, shownFolder: options.out, stem, formats, files, key, isFinished: finished };
}

async function keyOfModel({ transcriber: { model } }: OpenTranscriber): Promise<string> {
  const weights = [...new Set([...model.tensors.places.values()].map(({ file }) => file))].sort();
  return modelKey(model.folder, modelJsonFiles, weights);
}
