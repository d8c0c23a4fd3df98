import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { demoModelPath, fileSource, publishedOptions, type Transcription } from "@aiekit/pipeline";
import { type WordErrors, wordErrorRate, wordErrors } from "@aiekit/validate";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { rtf } from "../phases.ts";
import { formatMs, formatTable } from "../table.ts";
import { findModel } from "../transcribe/find-model.ts";
import { mergedTraces } from "../transcribe/merged-traces.ts";
import { openTranscriber } from "../transcribe/open-transcriber.ts";
import { explainLines, modelledLine } from "../transcribe/transcript-report.ts";
import type { DemoOptions } from "./demo.ts";

/** Of samples.json, which tools/demo-model writes. */
interface DemoSample {
  readonly file: string;
  /** What is said; empty where nobody speaks. */
  readonly sentence: string;
  readonly note: string;
}

interface Heard {
  readonly name: string;
  readonly note: string;
  readonly transcription: Transcription;
  /** Undefined for a recording whose words are not known. */
  readonly errors: WordErrors | undefined;
}

/**
 * `aiekit demo`: recordings to text with the demo model, all of it on the simulated array. The words of the samples are known:
 * exit code 1 where words are heard in those without speech.
 */
export const demoSpeech: Command<DemoOptions> = async (context, { wav }) => {
  const { folder } = await findModel(undefined, context);
  const recordings = wav === undefined ? await samples() : [{ path: resolve(context.cwd, wav), name: wav, note: "" }];
  const { transcriber, openMs } = await openTranscriber(context, {
    ...{ folder, device: "sim", fallback: undefined, threads: undefined, precision: undefined, npu: undefined },
    wrap: (executor) => executor,
  });
  const heard: Heard[] = [];
  try {
    if (!context.json) context.stdout.write(`${context.colors.bold("speech to text on the simulated NPU")}\n`);
    for (const recording of recordings) {
      const task = context.progress.start(recording.name);
      const source = await fileSource(recording.path, recording.name);
      const transcription = await transcriber.transcribe(source, publishedOptions).finally(() => task.done());
      const errors = recording.sentence === undefined ? undefined : wordErrors(recording.sentence, transcription.text);
      heard.push({ name: recording.name, note: recording.note, transcription, errors });
      if (!context.json) printHeard(context, heard.at(-1)!);
    }
  } finally {
    await transcriber.close();
  }
  const invented = heard.filter(({ errors, transcription }) => errors?.words === 0 && transcription.text.trim() !== "");
  if (context.json) context.stdout.write(`${JSON.stringify(record(heard, openMs))}\n`);
  else printSums(context, heard, openMs);
  return invented.length === 0 ? exitCodes.ok : exitCodes.failed;
};

interface DemoRecording {
  readonly path: string;
  readonly name: string;
  readonly note: string;
  readonly sentence?: string;
}

async function samples(): Promise<readonly DemoRecording[]> {
  const folder = join(demoModelPath, "samples");
  const listed = JSON.parse(await readFile(join(folder, "samples.json"), "utf8")) as readonly DemoSample[];
  return listed.map(({ file, sentence, note }) => ({ path: join(folder, file), name: basename(file), note, sentence }));
}

function printHeard({ stdout, colors }: CommandContext, { name, note, transcription, errors }: Heard): void {
  const { text, durationSeconds, phases } = transcription;
  const said = text.trim() === "" ? colors.dim("(nothing)") : text.trim();
  const wrong = errors === undefined ? 0 : errors.substitutions + errors.deletions + errors.insertions;
  const verdict =
    errors === undefined ? "" : wrong === 0 ? `  ${colors.green("right")}` : `  ${colors.red(`${wrong} wrong`)}`;
  const about = note === "" ? "" : `, ${note}`;
  stdout.write(`${name}  ${durationSeconds.toFixed(2)} s${about}, ${formatMs(phases.totalMs)}${verdict}\n  ${said}\n`);
}

function printSums({ stdout }: CommandContext, heard: readonly Heard[], openMs: number): void {
  const line = (text: string) => stdout.write(`${text}\n`);
  const { seconds, phases, trace, errors } = summed(heard);
  if (errors.length > 0) line(`\nWER ${(100 * wordErrorRate(errors)).toFixed(1)} % of ${words(errors)} words`);
  line("");
  line("Wall time of this program; what runs on the array takes the simulator's own time, not an NPU's:");
  const rows = phases.map(([name, ms]) => [name, formatMs(ms), rtf(ms, seconds).toPrecision(3)]);
  line(
    formatTable([{ title: "phase" }, { title: "wall time", align: "right" }, { title: "RTF", align: "right" }], rows),
  );
  line(`once: model and kernels opened in ${formatMs(openMs)}, builds included`);
  line("");
  for (const text of explainLines({ trace, durationSeconds: seconds })) line(text);
  const modelled = modelledLine({ trace, durationSeconds: seconds });
  if (modelled !== undefined) line(modelled);
}

function record(heard: readonly Heard[], openMs: number) {
  const { seconds, phases, trace, errors } = summed(heard);
  return {
    simulated: true,
    openMs,
    audioSeconds: seconds,
    wer: errors.length === 0 ? null : wordErrorRate(errors),
    words: words(errors),
    wallMs: Object.fromEntries(phases),
    trace,
    recordings: heard.map(({ name, transcription: { text, segments }, errors: wrong }) => ({
      ...{ name, text, segments, errors: wrong ?? null },
    })),
  };
}

function summed(heard: readonly Heard[]) {
  const all = heard.map(({ transcription }) => transcription);
  const sum = (of: (transcription: Transcription) => number) => all.reduce((total, one) => total + of(one), 0);
  const phases: readonly (readonly [string, number])[] = [
    ["decode audio", sum(({ phases: p }) => p.audioMs)],
    ["log-mel", sum(({ phases: p }) => p.melMs)],
    ["encoder", sum(({ phases: p }) => p.encoderMs)],
    ["decoder", sum(({ phases: p }) => p.decoderMs)],
    ["rules, text", sum(({ phases: p }) => p.otherMs)],
    ["total", sum(({ phases: p }) => p.totalMs)],
  ];
  const errors = heard.flatMap((one) => (one.errors === undefined ? [] : [one.errors]));
  const seconds = sum(({ durationSeconds }) => durationSeconds);
  return { seconds, phases, errors, trace: mergedTraces(all.map(({ trace }) => trace)) };
}

function words(errors: readonly WordErrors[]): number {
  return errors.reduce((sum, one) => sum + one.words, 0);
}
