import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { modelJsonFiles, type TranscribeOptions, type TranscriptFormat } from "@aiekit/pipeline";
import type { CommandContext } from "../command-context.ts";
import type { TranscribeCommandOptions } from "../commands/transcribe.ts";
import { type ExitCode, exitCodeOf, exitCodes } from "../exit-codes.ts";
import { packageVersion } from "../package-version.ts";
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
  const model =
    run.options.out === undefined ? undefined : await keyOfModel(opened, run.options.exported !== undefined);
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
  const { precision, exported, npu } = options;
  const asked = { decoding, layout, pcm, encoder, decoder, precision, exported, npu, version: packageVersion() };
  const recording = resolve(cwd, name);
  // A recording that is not there has no key: it fails when it is opened.
  const key = name === "-" ? undefined : await resultKey(recording, model, asked).catch(() => undefined);
  const mayBeThere = key !== undefined && options.overwrite !== true;
  const finished = mayBeThere && (await isFinished(folder, stem, { key, recording, files }));
  return { folder, shownFolder: options.out, stem, formats, files, key, recording, isFinished: finished };
}

/** Of the weights; where an export runs, of every graph in its folders, as that costs a look at each. */
async function keyOfModel({ transcriber: { model } }: OpenTranscriber, isExport: boolean): Promise<string> {
  const weights = [...model.tensors.places.values()].map(({ file }) => file);
  const graphs = isExport ? await filesOfExports(model.folder) : [];
  return modelKey(model.folder, modelJsonFiles, [...new Set([...weights, ...graphs])].sort());
}

async function filesOfExports(folder: string): Promise<readonly string[]> {
  const inFolder = async (place: string) => {
    const names = await readdir(join(folder, place)).catch(() => []);
    return names.filter((name) => /\.onnx(_data|\.data)?$/.test(name)).map((name) => join(place, name));
  };
  return (await Promise.all(["", "onnx"].map(inFolder))).flat();
}
