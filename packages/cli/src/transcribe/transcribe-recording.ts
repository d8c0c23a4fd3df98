import { join } from "node:path";
import {
  formatTranscript,
  languageName,
  namedSource,
  type TranscribedSegment,
  type TranscriptFormat,
  type Transcription,
  type WindowDone,
} from "@aiekit/pipeline";
import type { CommandContext } from "../command-context.ts";
import { writeOutput } from "../write-output.ts";
import { printRecord } from "./print-record.ts";
import { recordingProgress } from "./progress-bar.ts";
import type { Recording } from "./recordings.ts";
import { writeRecord } from "./result-record.ts";
import type { TranscriptionRun } from "./transcribe-recordings.ts";
import { explainLines, segmentLine, summaryLines, transcriptionRecord } from "./transcript-report.ts";

/** Where a recording's results go. */
export interface ResultPlace {
  /** Absolute, and as the user named it. */
  readonly folder: string;
  readonly shownFolder: string;
  readonly stem: string;
  readonly formats: readonly TranscriptFormat[];
  /** Names in the folder, one a format. */
  readonly files: readonly string[];
  /** What the results depend on; undefined for stdin. */
  readonly key: string | undefined;
  /** Absolute path of the recording. */
  readonly recording: string;
  readonly isFinished: boolean;
}

interface RecordingJob {
  readonly recording: Recording;
  /** Results go to stdout where undefined. */
  readonly place: ResultPlace | undefined;
}

/** One recording to text. @throws whatever is wrong with it. */
export async function transcribeRecording(
  context: CommandContext,
  run: TranscriptionRun,
  { recording: { name }, place }: RecordingJob,
): Promise<void> {
  const { options, decoding, dump, opened } = run;
  const { cwd, stdin, stderr } = context;
  const progress = recordingProgress(await namedSource(name, { cwd, stdin }));
  const task = context.progress.start(name === "-" ? "stdin" : name);
  const live = place === undefined && !context.json && (options.format ?? ["txt"])[0] === "txt";
  try {
    const onWindow = (window: WindowDone) => {
      dump.addWindow(window);
      progress.done((window.seek + window.frames) / 100);
      task.update(progress.text);
    };
    task.update(progress.text);
    const onSegment = (segment: TranscribedSegment) => printLive(context, segment, live);
    const audio = { raw: options.pcm };
    const transcription = await opened.transcriber.transcribe(progress.source, decoding, {
      audio,
      onWindow,
      onSegment,
    });
    task.done();
    const written = place === undefined ? [] : await writeResults(context, run, { place, transcription });
    const files = [...written, ...(await dump.write(cwd))];
    const done = { name, transcription, files };
    const formats = options.format ?? ["txt"];
    if (context.json) printRecord(context, transcriptionRecord(done, formats));
    else if (place === undefined && !live) context.stdout.write(formatted(run, transcription, formats[0]!));
    else if (place !== undefined) for (const file of files) context.stdout.write(`${file}\n`);
    for (const line of summaryLines(done)) stderr.write(`${line}\n`);
    if (options.explain) for (const line of explainLines(transcription)) stderr.write(`${line}\n`);
  } finally {
    task.done();
  }
}

/** A microphone's text is there when it was said, not when the stream ends. */
function printLive({ stdout, stderr, verbose }: CommandContext, segment: TranscribedSegment, live: boolean): void {
  if (live && segment.text.trim() !== "") stdout.write(`${segment.text.trim()}\n`);
  else if (verbose) stderr.write(`${segmentLine(segment)}\n`);
}

/** Each file by renaming it into place; the record, which makes a re-run leave them out, last. */
async function writeResults(
  { cwd }: CommandContext,
  run: TranscriptionRun,
  { place, transcription }: { readonly place: ResultPlace; readonly transcription: Transcription },
): Promise<readonly string[]> {
  const { folder, shownFolder, stem, formats, files, key, recording } = place;
  const sizes: Record<string, number> = {};
  for (const [i, file] of files.entries()) {
    const text = formatted(run, transcription, formats[i]!);
    await writeOutput(join(shownFolder, file), cwd, text);
    sizes[file] = Buffer.byteLength(text);
  }
  if (key !== undefined) await writeRecord(folder, stem, { key, recording, files: sizes });
  return files.map((file) => join(shownFolder, file));
}

function formatted({ options }: TranscriptionRun, transcription: Transcription, format: TranscriptFormat): string {
  return formatTranscript(transcription, format, {
    languageName: (code) => languageName(code).toLowerCase(),
    highlightWords: options.highlightWords,
    maxLineWidth: options.maxLineWidth,
    maxLineCount: options.maxLineCount,
    maxWordsPerLine: options.maxWordsPerLine,
  });
}
