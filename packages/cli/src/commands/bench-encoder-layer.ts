import { bf16ToFloat, bf16Weights, type Tensor, UsageError } from "@aiekit/core";
import { type ChainReport, openDevice, targetOf } from "@aiekit/host";
import {
  checkEncoderLayerSizes,
  type EncoderFrontSizes,
  type EncoderLayerSizes,
  encoderFrontPositions,
  encoderLayerArrays,
  whisperTinyEncoder,
} from "@aiekit/pipeline";
import { encoderLayerNoise, judgeEncoderLayer, type SuiteResult } from "@aiekit/validate";
import type { CommandContext } from "../command-context.ts";
import { encoderFrontInputs } from "../encoder-front-inputs.ts";
import { type EncoderLayerOnDevice, withEncoderLayer } from "../encoder-layer-on-device.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { generationOf, type KernelOnDevice } from "../kernel-on-device.ts";
import { describeMachine, type Machine } from "../machine.ts";
import { type Summary, summarize } from "../statistics.ts";
import { formatBytes, formatMs, formatTable } from "../table.ts";

/** Name by which `bench` knows the layer; it is a chain of kernels and not one of them. */
export const encoderLayerName = "encoder-layer";

const seed = 1;
const warmupPasses = 1;
const passes = 5;

/**
 * `aiekit bench encoder-layer`: one layer of a Whisper encoder with random weights, its arrays on the device from launch to
 * launch. With `samples`, from sound on: log-mel features and both convolutions come before it. Correctness first, as for a
 * kernel; then wall time, and what each launch moves and takes by the model.
 */
export async function benchEncoderLayer(context: CommandContext, options: KernelOnDevice): Promise<ExitCode> {
  const { rounding, ...given } = options.params;
  const { sizes, front } = sizesOf(given);
  const params = rounding === undefined ? {} : { rounding };
  const device = await openDevice(options.device, {
    generation: generationOf(options.npu ?? "npu1"),
    xrtAddon: context.environment.xrtAddon,
    threads: context.environment.simThreads,
  });
  try {
    const made = encoderLayerNoise(sizes, seed);
    const before = front === undefined ? undefined : await encoderFrontInputs(front, seed);
    const input = before?.arrays ?? new Map([["x", bf16Weights("x", made.x)]]);
    const arrays = new Map<string, Tensor>([...encoderLayerArrays(made.weights, sizes), ...input]);
    return await withEncoderLayer(
      context,
      { device, npu: options.npu, sizes, front, arrays, params },
      async (layer) => {
        const task = context.progress.start(`bench ${encoderLayerName}`);
        const measured = await measure(context, layer, (done) => task.update(`pass ${done}`)).finally(() =>
          task.done(),
        );
        task.update("reference");
        const { actual } = measured;
        const { result } = judgeEncoderLayer(encoderLayerName, {
          arrays: made,
          shape: sizes,
          actual,
          front: before?.reference,
        });
        if (!result.pass) {
          const failed = result.checks.filter((check) => !check.pass);
          for (const { criterion, detail } of failed) context.stderr.write(`${criterion}: ${detail}\n`);
          context.stderr.write(`${encoderLayerName} is wrong, so it is not timed\n`);
          return exitCodes.failed;
        }
        const record = {
          name: encoderLayerName,
          device: device.name,
          simulated: targetOf(device) === "sim",
          sizes,
          ...(front && { front }),
          machine: await describeMachine(),
          correctness: { pass: true, checks: result.checks },
          warmupPasses,
          wallMs: summarize(measured.reports.map(({ totals }) => totals.wallMs)),
          stepWallMs: layer.plan.steps.map((_, i) => summarize(measured.reports.map(({ steps }) => steps[i]!.wallMs))),
          loadMs: layer.loadMs,
          macs: macsOf(sizes, front),
          report: measured.reports.at(-1)!,
        } as const;
        if (context.json) context.stdout.write(`${JSON.stringify(record, null, 2)}\n`);
        else print(context, record);
        return exitCodes.ok;
      },
    );
  } finally {
    await device.close();
  }
}

interface Measured {
  /** What the first pass, with the guard, left in `y`. */
  readonly actual: Float64Array;
  readonly reports: readonly ChainReport[];
}

async function measure(
  { signal }: CommandContext,
  { chain }: EncoderLayerOnDevice,
  onPass: (done: number) => void,
): Promise<Measured> {
  const reports: ChainReport[] = [];
  await chain.run({ signal, guard: true });
  const actual = Float64Array.from((await chain.read("y")).data as Uint16Array, bf16ToFloat);
  for (let pass = 1; pass < warmupPasses; pass++) await chain.run({ signal });
  for (let pass = 0; pass < passes; pass++) {
    onPass(pass);
    reports.push(await chain.run({ signal }));
  }
  return { actual, reports };
}

const sizeNames = ["positions", "width", "heads", "ffn", "samples", "mels"] as const;

interface Sizes {
  readonly sizes: EncoderLayerSizes;
  readonly front: EncoderFrontSizes | undefined;
}

/** Sizes of whisper-tiny, but for those that are given. @throws UsageError for other names and for sizes that do not chain. */
function sizesOf(params: KernelOnDevice["params"]): Sizes {
  const unknown = Object.keys(params).find((name) => !(sizeNames as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`${encoderLayerName}: there is no parameter ${unknown}`, {
      hint: `parameters: ${sizeNames.join(", ")}, rounding`,
    });
  }
  const { samples, mels, ...layer } = Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, Number(value)]),
  );
  const sizes = { ...whisperTinyEncoder, ...layer };
  if (samples === undefined) {
    if (mels !== undefined) throw new UsageError(`${encoderLayerName}: mels without samples: no features are made`);
    checkEncoderLayerSizes(sizes);
    return { sizes, front: undefined };
  }
  if (layer.positions !== undefined) {
    throw new UsageError(`${encoderLayerName}: positions and samples: the positions follow from the samples`, {
      hint: "leave positions out",
    });
  }
  const front = { samples, mels: mels ?? 80, width: sizes.width };
  const { positions } = encoderFrontPositions(front);
  checkEncoderLayerSizes({ ...sizes, positions });
  return { sizes: { ...sizes, positions }, front };
}

/** Multiplications of the products, of both products of attention, and of the convolutions. */
function macsOf({ positions, width, ffn }: EncoderLayerSizes, front: EncoderFrontSizes | undefined): number {
  const convolutions = front === undefined ? 0 : 3 * positions * width * (2 * front.mels + width);
  return positions * width * (4 * width + 2 * ffn) + 2 * positions * positions * width + convolutions;
}

interface LayerRecord {
  readonly device: string;
  readonly simulated: boolean;
  readonly sizes: EncoderLayerSizes;
  readonly front?: EncoderFrontSizes;
  readonly machine: Machine;
  readonly correctness: { readonly checks: SuiteResult["cases"][number]["checks"] };
  readonly warmupPasses: number;
  readonly wallMs: Summary;
  /** Of each launch, in order. */
  readonly stepWallMs: readonly Summary[];
  readonly loadMs: number;
  readonly macs: number;
  readonly report: ChainReport;
}

function print({ stdout, colors }: CommandContext, record: LayerRecord): void {
  const line = (text: string) => stdout.write(`${text}\n`);
  const { sizes, front, machine, report, wallMs, correctness } = record;
  const { totals } = report;
  line(colors.bold(`${encoderLayerName} on ${record.device}`));
  line(
    `${sizes.positions} positions of ${sizes.width}, ${sizes.heads} heads, ${sizes.ffn} inside; random weights, bfloat16, ${(record.macs / 1e9).toFixed(2)} GMAC`,
  );
  if (front !== undefined)
    line(`from ${front.samples} samples of speech on: ${front.mels} mel bands, two convolutions`);
  for (const { criterion, detail } of correctness.checks) line(`${criterion}: ${detail}`);
  line(`${machine.cpu}, node ${machine.node}, commit ${machine.commit ?? "none"}`);
  line("");
  line(launchTable(record));
  line(
    `${totals.launches} launches in ${totals.runlists} runlists, ${totals.contexts} hardware contexts, ${totals.contextSwitches} switches between them; arrays ${formatBytes(totals.arrayBytes)}`,
  );
  if (totals.modelled !== null) {
    const { cycles, arraySeconds, launchSeconds, switchSeconds, seconds } = totals.modelled;
    line(
      `modelled, not measured: ${Math.round(cycles)} cycles = ${formatMs(arraySeconds * 1000)}, and ${formatMs(launchSeconds * 1000)} for launches, ${formatMs(switchSeconds * 1000)} for switches of contexts (fitted to published rows) = ${formatMs(seconds * 1000)}`,
    );
  }
  const what = record.simulated ? "wall time of the simulator, not of an NPU" : "wall time";
  line(
    `${what}: median ${formatMs(wallMs.median)}, p95 ${formatMs(wallMs.p95)}, n = ${wallMs.n} after ${record.warmupPasses} pass; loaded in ${formatMs(record.loadMs)}`,
  );
}

function launchTable({ report: { steps, totals }, stepWallMs, wallMs }: LayerRecord): string {
  const columns = [
    { title: "launch" },
    { title: "kernel" },
    { title: "sequence" },
    { title: "to array", align: "right" },
    { title: "from array", align: "right" },
    { title: "cycles", align: "right" },
    { title: "modelled", align: "right" },
    { title: "wall, median", align: "right" },
  ] as const;
  const rows = steps.map((step, i) => [
    step.name,
    step.kernel,
    step.sequence,
    formatBytes(step.bytesToArray),
    formatBytes(step.bytesFromArray),
    step.modelled === null ? "" : String(Math.round(step.modelled.cycles)),
    step.modelled === null ? "" : formatMs(step.modelled.seconds * 1000),
    formatMs(stepWallMs[i]!.median),
  ]);
  const sum = [
    "whole",
    "",
    "",
    formatBytes(totals.bytesToArray),
    formatBytes(totals.bytesFromArray),
    totals.modelled === null ? "" : String(Math.round(totals.modelled.cycles)),
    totals.modelled === null ? "" : formatMs(totals.modelled.arraySeconds * 1000),
    formatMs(wallMs.median),
  ];
  return formatTable(columns, [...rows, sum]);
}
