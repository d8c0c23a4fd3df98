import { type DType, describeShape } from "@aiekit/core";
import { type ArrayReport, bankConflicts, loadArrayConfig } from "@aiekit/host";
import type { OwnDesign } from "@aiekit/tools";
import type { ArrayRuns } from "./array-runs.ts";
import { differenceLines, type OutputDifference } from "./first-difference.ts";
import { formatTable } from "./table.ts";
import { type RunTime, runTimeLines } from "./time/run-time.ts";

export interface WrittenOutput {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

interface FinishedRuns {
  readonly design: OwnDesign;
  readonly runs: ArrayRuns;
  readonly outputs: readonly WrittenOutput[];
  readonly warnings: readonly string[];
  /** What outputs were compared with. */
  readonly expected: readonly { readonly argument: string; readonly file: string }[];
  readonly differences: readonly OutputDifference[];
  /** Where it was asked for. */
  readonly time: RunTime | undefined;
}

/** What `aiekit sim` prints: outputs, what each tile did in the last run, modelled time. */
export function printArrayRuns(finished: FinishedRuns): string {
  const { design, runs, outputs, warnings, expected, differences, time } = finished;
  const { device, file, sequence, cores } = design;
  const last = runs.reports.at(-1);
  const lines = [
    `${file} on ${device.name} (simulated): sequence @${sequence}, ${count(cores, "core")}, ${count(runs.reports.length, "run")}`,
    ...outputs.map(({ name, dtype, shape, path }) => `${name}: ${describeShape(dtype, shape)} -> ${path}`),
  ];
  if (last !== undefined) {
    lines.push(tileTable(last), `${count(last.instructions, "instruction")}, ${count(last.wordsMoved, "word")} moved`);
  }
  for (const { tile, core } of last?.tiles ?? []) {
    if (!core?.stack || core.kernels.length === 0) continue;
    const { bytes, usedBytes, registerBytes } = core.stack;
    const beside =
      registerBytes === undefined ? "" : `, beside up to ${registerBytes} bytes for which the device has registers`;
    lines.push(`core (${tile.col},${tile.row}): kernels used ${usedBytes} of ${bytes} bytes of stack here${beside}`);
  }
  if (last !== undefined) lines.push(...bankLines(conflictsOf(design, last)));
  const { cycles, clockHz, seconds } = modelledTime(design, runs);
  lines.push(
    `modelled, not measured: ${Math.round(cycles)} cycles at ${clockHz / 1e6} MHz = ${(seconds * 1e6).toFixed(2)} us`,
  );
  if (time !== undefined) lines.push(...runTimeLines(time));
  if (warnings.length > 0) lines.push(count(warnings.length, "warning"));
  for (const { argument, file } of expected) {
    const difference = differences.find((one) => one.argument === argument && one.file === file);
    lines.push(...(difference ? differenceLines(difference) : [`%${argument} equals ${file}, bit for bit`]));
  }
  return `${lines.join("\n")}\n`;
}

/** The same for `--json`. Cycles are modelled. */
export function recordArrayRuns(finished: FinishedRuns): unknown {
  const { design, runs, outputs, warnings, expected, differences, time } = finished;
  return {
    design: design.file,
    device: design.device.name,
    simulated: true,
    sequence: design.sequence,
    arguments: design.args.map(({ name, dtype, shape, use }) => ({ name, dtype, shape, use })),
    cores: design.cores,
    modelled: modelledTime(design, runs),
    runs: runs.reports.map(({ cycles, instructions, wordsMoved }) => ({ cycles, instructions, wordsMoved })),
    tiles: runs.reports.at(-1)?.tiles ?? [],
    bankConflicts: runs.reports.slice(-1).flatMap((last) => conflictsOf(design, last)),
    warnings,
    outputs,
    expected,
    differences,
    ...(time && { time }),
  };
}

/** Of all runs together. */
function modelledTime({ device: { clockHz } }: OwnDesign, { reports }: ArrayRuns) {
  const cycles = reports.reduce((sum, report) => sum + report.cycles, 0);
  return { cycles, clockHz, seconds: cycles / clockHz };
}

function conflictsOf({ lowered }: OwnDesign, report: ArrayReport) {
  return bankConflicts(loadArrayConfig(lowered), report);
}

/** One line for each core that meets DMA channels in its banks, with the two buffers that cost most. */
function bankLines(conflicts: ReturnType<typeof conflictsOf>): string[] {
  const cores = [...new Set(conflicts.map(({ core }) => `(${core.col},${core.row})`))];
  return cores.flatMap((name) => {
    const own = conflicts.filter(({ core }) => `(${core.col},${core.row})` === name);
    const stalls = own.reduce((sum, { stallCycles }) => sum + stallCycles, 0);
    const [{ kernelBuffer, dmaBuffer, bank }] = own as [(typeof own)[number]];
    return stalls < 1
      ? []
      : `core ${name}: about ${Math.round(stalls)} cycles of bank conflicts expected, not in the modelled cycles; ${kernelBuffer} and the DMA in ${dmaBuffer} share bank ${bank}`;
  });
}

function tileTable({ tiles }: ArrayReport): string {
  const rows = tiles.map(({ tile, core, channels }) => {
    const words = (direction: string): string =>
      String(channels.reduce((sum, channel) => sum + (channel.direction === direction ? channel.words : 0), 0));
    const kernels = (core?.kernels ?? []).map(
      ({ name, calls, cycles, lowerBound }) =>
        `${name} x ${calls}: ${lowerBound ? "at least " : ""}${Math.round(cycles)}`,
    );
    return [
      `(${tile.col},${tile.row})`,
      core === undefined ? "" : String(Math.round(core.busyCycles)),
      core === undefined ? "" : String(Math.round(core.lockCycles)),
      words("S2MM"),
      words("MM2S"),
      kernels.join(", "),
    ];
  });
  return formatTable(
    [
      { title: "tile" },
      { title: "busy cycles", align: "right" },
      { title: "at locks", align: "right" },
      { title: "words in", align: "right" },
      { title: "words out", align: "right" },
      { title: "kernels, cycles" },
    ],
    rows,
  );
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
