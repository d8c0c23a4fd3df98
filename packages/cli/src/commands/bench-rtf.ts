import { basename } from "node:path";
import { type ExecutorKind, executorKinds, openWhisperModel, whisperSizes } from "@aiekit/pipeline";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { describeMachine } from "../machine.ts";
import { type CeilingRow, ceilingFormula, ceilingRows, ceilingTable, rtfTable } from "../rtf/rtf-report.ts";
import { type RtfRow, rtfRows } from "../rtf/rtf-row.ts";
import { type RtfRun, rtfRun } from "../rtf/rtf-run.ts";
import { rtfSound } from "../rtf/rtf-sound.ts";
import { findModel } from "../transcribe/find-model.ts";
import { availabilities, type Precision } from "../transcribe/whisper-executors.ts";

/** Name by which `bench` knows the way from sound to text; it is no kernel. */
export const rtfName = "rtf";

export interface BenchRtfOptions {
  /** A model's folder or name; the demo model where undefined. */
  readonly model: string | undefined;
  /** `cpu`, or `sim+cpu` for encoder and decoder; all of `usualPlacements` that are here where undefined. */
  readonly placements: readonly string[] | undefined;
  readonly lengths: readonly number[];
  readonly threads: number | undefined;
  readonly precision: Precision | undefined;
  /** A sound is left out where the one before says that a pass would take longer. */
  readonly limitSeconds: number;
}

const usualPlacements = ["reference", "cpu", "sim", "sim+cpu", "xrt"] as const;
const budgetMs = 1000;
const ceilingDevices = ["npu1", "npu2"] as const;

/** `aiekit bench rtf`: from sound to text by placement and length: phases, cold and warm, and what arithmetic allows. */
export const benchRtf: Command<BenchRtfOptions> = async (context, options) => {
  const { folder, note } = await findModel(options.model, context);
  const model = await openWhisperModel(folder);
  await model.close();
  const { runs, leftOut } = await runAll(context, folder, options);
  const rows = runs.flatMap(rtfRows);
  const name = options.model === undefined ? "demo model" : basename(folder);
  const ceilings = ceilingRows({ name, sizes: whisperSizes(model.config) }, ceilingDevices);
  const texts = textDifferences(runs);
  const record = { model: name, machine: await describeMachine(), rows, leftOut, texts, ceilings };
  if (context.json) context.stdout.write(`${JSON.stringify(record, null, 2)}\n`);
  else print(context, record, note);
  return exitCodes.ok;
};

async function runAll(context: CommandContext, folder: string, options: BenchRtfOptions) {
  const { placements, lengths, threads, precision, limitSeconds } = options;
  const available = await availabilities(context, new Set(executorKinds));
  const runs: RtfRun[] = [];
  const leftOut: string[] = [];
  const task = context.progress.start("bench rtf");
  try {
    for (const placement of placements ?? usualPlacements) {
      const [encoder, decoder = encoder] = placement.split("+") as [ExecutorKind, ExecutorKind?];
      const missing = [encoder, decoder]
        .map((kind) => ({ kind, found: available[kind] }))
        .find(({ found }) => !found.available);
      // What was named is asked for, and its error says what is missing.
      if (missing !== undefined && placements === undefined) {
        leftOut.push(`${placement}: ${missing.found.available ? "" : missing.found.reason}`);
        continue;
      }
      let secondsPerSecond = 0;
      for (const seconds of lengths) {
        const expected = secondsPerSecond * seconds;
        if (expected > limitSeconds) {
          leftOut.push(
            `${placement}, ${seconds} s: a pass would take about ${expected.toFixed(0)} s, --limit is ${limitSeconds} s`,
          );
          continue;
        }
        task.update(`${placement}, ${seconds} s`);
        const wav = await rtfSound(seconds);
        const run = await rtfRun(context, { folder, encoder, decoder, threads, precision, seconds, wav, budgetMs });
        runs.push(run);
        secondsPerSecond = run.cold.phases.totalMs / 1000 / seconds;
      }
    }
  } finally {
    task.done();
  }
  return { runs, leftOut };
}

/** Sounds whose text is not the same in all passes and placements: their times are of different work. */
function textDifferences(runs: readonly RtfRun[]): readonly string[] {
  const first = new Map<number, string>();
  return runs.flatMap(({ seconds, placement, cold, warm }) => {
    const expected = first.get(seconds) ?? cold.text;
    first.set(seconds, expected);
    const other = [cold, ...warm].find(({ text }) => text !== expected);
    return other === undefined
      ? []
      : [`${seconds} s, ${placement.encoder} + ${placement.decoder}: ${JSON.stringify(other.text)}`];
  });
}

interface RtfRecord {
  readonly model: string;
  readonly machine: Awaited<ReturnType<typeof describeMachine>>;
  readonly rows: readonly RtfRow[];
  readonly leftOut: readonly string[];
  readonly texts: readonly string[];
  readonly ceilings: readonly CeilingRow[];
}

function print({ stdout, colors }: CommandContext, record: RtfRecord, note: string | undefined): void {
  const line = (text: string) => stdout.write(`${text}\n`);
  const { machine, rows, leftOut, texts, ceilings } = record;
  line(colors.bold(`from sound to text, ${record.model}`));
  if (note !== undefined) line(note);
  line(`${machine.cpu}, node ${machine.node}, commit ${machine.commit ?? "none"}`);
  line(
    "x real time is the sound's length over the median; cold is the first pass, for `whole` with opening the model.",
  );
  line("targets are of the whole way on an NPU; a simulator's own time says nothing of an NPU.");
  line(
    "modelled: the array's cycles at its clock by the cost model; what launches and the host cost an NPU is not in it.\n",
  );
  line(rtfTable(rows));
  for (const one of leftOut) line(`left out: ${one}`);
  for (const one of texts) line(`another text: ${one}`);
  line("");
  line(ceilingFormula);
  line(ceilingTable(ceilings));
}
