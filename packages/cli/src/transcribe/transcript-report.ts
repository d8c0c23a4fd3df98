import { type TranscriptFormat, type Transcription, timeText } from "@aiekit/pipeline";
import { modelledText, rtf } from "../phases.ts";
import { formatMs, formatTable } from "../table.ts";

/** A recording that was transcribed. */
interface TranscribedFile {
  readonly name: string;
  readonly transcription: Transcription;
  /** Paths of what was written. */
  readonly files: readonly string[];
}

/** `talk.wav: 5.87 s of sound, 3 segments, en (0.98), RTF 0.21`, notes, and modelled time where there is any. */
export function summaryLines({ name, transcription }: TranscribedFile): readonly string[] {
  const { durationSeconds, segments, language, languageProbability, phases, notes } = transcription;
  const sure = languageProbability === undefined ? "" : ` (${languageProbability.toFixed(2)})`;
  const said = language === undefined ? "no language" : `${language}${sure}`;
  const speed = `RTF ${rtf(phases.totalMs, durationSeconds).toPrecision(3)}`;
  const counts = segments.length === 0 ? "no speech" : `${segments.length} segment(s)`;
  const line = `${name}: ${durationSeconds.toFixed(2)} s of sound, ${counts}, ${said}, ${speed}`;
  const modelled = modelledLine(transcription);
  return [
    line,
    ...notes.map((note) => `  note: ${note}`),
    ...fallbackLines(transcription),
    `  ${phaseLine(transcription)}`,
    ...(modelled === undefined ? [] : [`  ${modelled}`]),
  ];
}

/** What ran where, as two tables. */
export function explainLines({
  trace,
  durationSeconds,
}: Pick<Transcription, "trace" | "durationSeconds">): readonly string[] {
  const parts = trace.parts.map(({ part, executor, calls, tokens, ms }) => {
    const work = part === "encoder" ? `${calls} window(s)` : `${tokens} tokens in ${calls} calls`;
    return [part, executor, work, formatMs(ms), rtf(ms, durationSeconds).toPrecision(3)];
  });
  const columns = ["part", "ran on", "work"].map((title) => ({ title }));
  const numbers = ["wall time", "RTF"].map((title) => ({ title, align: "right" as const }));
  const lines =
    parts.length === 0 ? ["nothing ran: no window had sound"] : [formatTable([...columns, ...numbers], parts)];
  if (trace.launches.length === 0) return [...lines, "launches on a device: none"];
  const time = (seconds: number | undefined): string => (seconds === undefined ? "" : formatMs(seconds * 1000));
  const launches = trace.launches.map(({ part, kernel, count, modelledCycles, ...modelled }) => [
    part,
    kernel,
    String(count),
    modelledCycles === undefined ? "" : String(Math.round(modelledCycles)),
    time(modelled.modelledSeconds),
    time(modelled.modelledLaunchSeconds),
    time(modelled.modelledSwitchSeconds),
  ]);
  const titles = ["launches", "modelled cycles", "modelled time", "of launches", "of contexts"].map((title) => ({
    title,
    align: "right" as const,
  }));
  return [...lines, formatTable([{ title: "part" }, { title: "kernel" }, ...titles], launches)];
}

/** What `--json` prints of a recording. */
export function transcriptionRecord(
  { name, transcription, files }: TranscribedFile,
  formats: readonly TranscriptFormat[],
) {
  const { phases, durationSeconds, trace } = transcription;
  const { task, language, languageProbability, text, segments, notes, format } = transcription;
  return {
    kind: "transcription",
    recording: name,
    ...{ task, language: language ?? null, languageProbability: languageProbability ?? null, durationSeconds },
    ...{ text, segments, notes, audio: format },
    wallMs: phases,
    rtf: rtf(phases.totalMs, durationSeconds),
    modelledSeconds: modelledSum(transcription, "modelledSeconds") ?? null,
    modelledLaunchSeconds: modelledSum(transcription, "modelledLaunchSeconds") ?? null,
    modelledSwitchSeconds: modelledSum(transcription, "modelledSwitchSeconds") ?? null,
    ...{ trace, formats, files },
  };
}

function phaseLine({ phases }: Transcription): string {
  const named = [
    ["decode audio", phases.audioMs],
    ["log-mel", phases.melMs],
    ["encoder", phases.encoderMs],
    ["decoder", phases.decoderMs],
    ["other", phases.otherMs],
    ["total", phases.totalMs],
  ] as const;
  return `wall time: ${named.map(([name, ms]) => `${name} ${formatMs(ms)}`).join(", ")}`;
}

/** Modelled time of all that ran on the array, what launches and changes of context cost included; undefined without any. */
export function modelledLine(transcription: Pick<Transcription, "trace" | "durationSeconds">): string | undefined {
  const seconds = modelledSum(transcription, "modelledSeconds");
  if (seconds === undefined) return undefined;
  const launchSeconds = modelledSum(transcription, "modelledLaunchSeconds") ?? 0;
  const switchSeconds = modelledSum(transcription, "modelledSwitchSeconds") ?? 0;
  const text = modelledText({ seconds, launchSeconds, switchSeconds }, transcription.durationSeconds);
  return `modelled, not measured: ${text} for what ran on it`;
}

type ModelledPart = "modelledSeconds" | "modelledLaunchSeconds" | "modelledSwitchSeconds";

function modelledSum({ trace }: Pick<Transcription, "trace">, part: ModelledPart): number | undefined {
  const known = trace.launches.flatMap(({ [part]: seconds }) => (seconds === undefined ? [] : [seconds]));
  return known.length === 0 ? undefined : known.reduce((sum, seconds) => sum + seconds, 0);
}

function fallbackLines({ trace }: Transcription): readonly string[] {
  return trace.fallbacks.map(({ from, to, reason }) => `  fall-back: ${from} failed, ${to} went on: ${reason}`);
}

/** `[00:00.000 --> 00:02.500]`, what a segment is printed behind with --verbose. */
export function segmentLine({ startSeconds, endSeconds, text }: Transcription["segments"][number]): string {
  const time = (seconds: number) => timeText(seconds, { alwaysHours: false, decimalMark: "." });
  return `[${time(startSeconds)} --> ${time(endSeconds)}] ${text.trim()}`;
}
