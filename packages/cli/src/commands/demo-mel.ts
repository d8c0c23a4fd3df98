import { basename, join, relative, resolve } from "node:path";
import { fileSource, speechSamplePath, timedSpeech } from "@aiekit/pipeline";
import { findProject } from "@aiekit/tools";
import { maxErrWithin, mel80, melLimits, melPicture, melReference, meydaMel, pearson } from "@aiekit/validate";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { type ReadyKernel, withKernel } from "../kernel-on-device.ts";
import { type MelPass, melPass } from "../mel-pass.ts";
import { modelledLine, phaseTable } from "../phases.ts";
import { formatMs, formatTable } from "../table.ts";
import { writeOutput } from "../write-output.ts";
import type { DemoOptions } from "./demo.ts";

/** `aiekit demo mel`: a recording to log-mel on the simulated NPU, held against the references; exit code 1 when it differs. */
export const demoMel: Command<DemoOptions> = async (context, { wav, out }) => {
  const name = wav ?? "the speech sample";
  const path = wav ?? speechSamplePath;
  const loaded = await timedSpeech(await fileSource(resolve(context.cwd, path), name), () => performance.now());
  return withKernel(context, { kernel: "mel", params: {}, device: "sim" }, async (ready) => {
    const pass = await melPass(ready, loaded);
    const comparisons = compare(pass);
    const stem = basename(path).replace(/\.[^.]*$/, "");
    const folder = out ?? relative(context.cwd, join(findProject().root, "build"));
    const picturePath = join(folder, `${stem}-log-mel.png`);
    const { data, shape } = pass.mel;
    const picture = melPicture(data, { frames: shape[0]!, bins: shape[1]!, title: stem });
    await writeOutput(picturePath, context.cwd, picture);

    const report = { name, ready, pass, comparisons, picturePath };
    if (context.json) context.stdout.write(`${JSON.stringify(demoRecord(report))}\n`);
    else print(context, report);
    return comparisons.every((comparison) => comparison.pass) ? exitCodes.ok : exitCodes.failed;
  });
};

interface Comparison {
  readonly reference: string;
  readonly pearson: number;
  /** Largest error in dB where the reference is within 60 dB of its maximum. */
  readonly maxErrorDb: number;
  readonly pass: boolean;
}

function compare({ speech: { pcm }, mel }: MelPass): readonly Comparison[] {
  const references = [
    { reference: "HTK mel, fft.js, float64", db: melReference(pcm).db },
    { reference: "meyda power, same filters", db: meydaMel(pcm).comparable.db },
  ];
  return references.map(({ reference, db: expected }) => {
    const r = pearson(expected, mel.data);
    const maxErrorDb = maxErrWithin(expected, mel.data, melLimits.rangeDb).value;
    return { reference, pearson: r, maxErrorDb, pass: r > melLimits.pearson && maxErrorDb <= melLimits.errorDb };
  });
}

interface DemoReport {
  readonly name: string;
  readonly ready: ReadyKernel;
  readonly pass: MelPass;
  readonly comparisons: readonly Comparison[];
  readonly picturePath: string;
}

function demoRecord({ name, ready, pass, comparisons, picturePath }: DemoReport): unknown {
  return {
    input: name,
    device: ready.device.name,
    simulated: ready.device.kind === "sim",
    audioSeconds: pass.speech.seconds,
    frames: pass.run.units,
    bins: mel80.bins,
    comparisons,
    wallMs: Object.fromEntries(pass.phases.map((phase) => [phase.name, phase.wallMs])),
    rtf: pass.rtf,
    modelled: pass.run.modelled ?? null,
    buildMs: ready.build.durationMs,
    setUpMs: ready.setUpMs,
    picture: picturePath,
  };
}

function print({ stdout, colors }: CommandContext, report: DemoReport): void {
  const { name, ready, pass, comparisons, picturePath } = report;
  const { speech, phases, run } = pass;
  const line = (text: string) => stdout.write(`${text}\n`);
  line(colors.bold(`log-mel of ${name}`));
  line(`${speech.seconds.toFixed(2)} s of sound, ${run.units} frames of ${mel80.bins} bins, on ${ready.device.name}`);
  for (const note of speech.notes) line(`note: ${note}`);
  line("");
  const rows = comparisons.map((c) => [
    c.pass ? colors.green("pass") : colors.red("FAIL"),
    c.reference,
    Number.isNaN(c.pearson) ? "undefined" : c.pearson.toFixed(7),
    `${c.maxErrorDb.toFixed(4)} dB`,
  ]);
  const columns = [
    { title: "" },
    { title: "reference" },
    { title: "pearson", align: "right" },
    { title: `max error within ${melLimits.rangeDb} dB`, align: "right" },
  ] as const;
  line(formatTable(columns, rows));
  if (comparisons.some((c) => Number.isNaN(c.pearson))) {
    line(
      `${colors.cyan("hint:")} a result that is one value everywhere correlates with nothing: pass sound, not silence`,
    );
  }
  line("");
  line("Wall time of this program; the device phase is the simulator's own speed, not an NPU's:");
  line(phaseTable(phases, speech.seconds));
  const build = ready.build.fresh ? "build up to date" : `build ${formatMs(ready.build.durationMs)}`;
  line(`once: ${build}, kernel loaded in ${formatMs(ready.setUpMs)}`);
  const modelled = modelledLine(run.modelled, speech.seconds);
  if (modelled !== undefined) line(modelled);
  line(`picture: ${picturePath}`);
}
