import { basename, join } from "node:path";
import type { Speech } from "@aiekit/pipeline";
import { maxErrWithin, mel80, melLimits, melPicture, melReference, meydaMel, pearson } from "@aiekit/validate";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { type ReadyKernel, withKernel } from "../kernel-on-device.ts";
import { decodeWav, type MelPass, melPass } from "../mel-pass.ts";
import { modelledLine, phaseTable, rtf, sumMs } from "../phases.ts";
import { readInput } from "../read-input.ts";
import { syntheticWav } from "../synthetic-wav.ts";
import { formatMs, formatTable } from "../table.ts";
import { writeOutput } from "../write-output.ts";

export interface DemoOptions {
  readonly wav: string | undefined;
  /** Folder for the picture. */
  readonly out: string;
}

/** `aiekit demo`: a WAV file to log-mel on the simulated NPU, held against the references; exit code 1 when it differs. */
export const demo: Command<DemoOptions> = async (context, { wav, out }) => {
  const name = wav ?? `generated speech-like signal, ${generated.seconds} s, seed ${generated.seed}`;
  const bytes = wav === undefined ? syntheticWav(generated.seconds, generated.seed) : await readInput(wav, context.cwd);
  const decoded = decodeWav(bytes, name);
  const { speech } = decoded;
  return withKernel(context, { kernel: "mel", params: {}, device: "sim" }, async (ready) => {
    const pass = await melPass(ready, decoded);
    const comparisons = compare(speech.pcm, pass.db);
    const stem = wav === undefined ? "generated" : basename(wav).replace(/\.[^.]*$/, "");
    const picturePath = join(out, `${stem}-log-mel.png`);
    await writeOutput(
      picturePath,
      context.cwd,
      melPicture(pass.db, { frames: pass.frames, bins: mel80.bins, title: stem }),
    );

    const report = { name, speech, ready, pass, comparisons, picturePath };
    if (context.json) context.stdout.write(`${JSON.stringify(demoRecord(report))}\n`);
    else print(context, report);
    return comparisons.every((comparison) => comparison.pass) ? exitCodes.ok : exitCodes.failed;
  });
};

const generated = { seconds: 5, seed: 1 } as const;

interface Comparison {
  readonly reference: string;
  readonly pearson: number;
  /** Largest error in dB where the reference is within 60 dB of its maximum. */
  readonly maxErrorDb: number;
  readonly pass: boolean;
}

function compare(pcm: Int16Array, db: Float64Array): readonly Comparison[] {
  const references = [
    { reference: "HTK mel, fft.js, float64", db: melReference(pcm).db },
    { reference: "meyda power, same filters", db: meydaMel(pcm).comparable.db },
  ];
  return references.map(({ reference, db: expected }) => {
    const r = pearson(expected, db);
    const maxErrorDb = maxErrWithin(expected, db, melLimits.rangeDb).value;
    return { reference, pearson: r, maxErrorDb, pass: r > melLimits.pearson && maxErrorDb <= melLimits.errorDb };
  });
}

interface DemoReport {
  readonly name: string;
  readonly speech: Speech;
  readonly ready: ReadyKernel;
  readonly pass: MelPass;
  readonly comparisons: readonly Comparison[];
  readonly picturePath: string;
}

function demoRecord({ name, speech, ready, pass, comparisons, picturePath }: DemoReport): unknown {
  return {
    input: name,
    device: ready.device.name,
    simulated: ready.device.kind === "sim",
    audioSeconds: speech.seconds,
    frames: pass.frames,
    bins: mel80.bins,
    comparisons,
    wallMs: Object.fromEntries(pass.phases.map((phase) => [phase.name, phase.wallMs])),
    rtf: rtf(sumMs(pass.phases), speech.seconds),
    modelled: pass.run.modelled ?? null,
    buildMs: ready.build.durationMs,
    setUpMs: ready.setUpMs,
    picture: picturePath,
  };
}

function print({ stdout, colors }: CommandContext, report: DemoReport): void {
  const { name, speech, ready, pass, comparisons, picturePath } = report;
  const { frames, phases, run } = pass;
  const line = (text: string) => stdout.write(`${text}\n`);
  line(colors.bold(`log-mel of ${name}`));
  line(`${speech.seconds.toFixed(2)} s of sound, ${frames} frames of ${mel80.bins} bins, on ${ready.device.name}`);
  for (const note of speech.notes) line(`note: ${note}`);
  line("");
  const rows = comparisons.map((c) => [
    c.pass ? colors.green("pass") : colors.red("FAIL"),
    c.reference,
    c.pearson.toFixed(7),
    `${c.maxErrorDb.toFixed(4)} dB`,
  ]);
  const columns = [
    { title: "" },
    { title: "reference" },
    { title: "pearson", align: "right" },
    { title: `max error within ${melLimits.rangeDb} dB`, align: "right" },
  ] as const;
  line(formatTable(columns, rows));
  line("");
  line("Wall time of this program; the device phase is the simulator's own speed, not an NPU's:");
  line(phaseTable(phases, speech.seconds));
  const build = ready.build.fresh ? "build up to date" : `build ${formatMs(ready.build.durationMs)}`;
  line(`once: ${build}, kernel loaded in ${formatMs(ready.setUpMs)}`);
  const modelled = modelledLine(run.modelled, speech.seconds);
  if (modelled !== undefined) line(modelled);
  line(`picture: ${picturePath}`);
}
