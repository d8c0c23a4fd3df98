import { basename, extname } from "node:path";
import { DesignError, UsageError, writeNpy } from "@aiekit/core";
import { perfettoTrace, TraceRecorder } from "@aiekit/host";
import {
  buildOwnKernels,
  type KernelFile,
  lowerOwnModule,
  type OwnDesign,
  type OwnDesignSource,
  readOwnDesign,
  readOwnModule,
} from "@aiekit/tools";
import { type ArrayRuns, runOnArray } from "../array-runs.ts";
import { printArrayRuns, recordArrayRuns, type WrittenOutput } from "../array-runs-report.ts";
import { warnUnlessAsBuilt } from "../as-built.ts";
import type { Command, CommandContext } from "../command-context.ts";
import { withCureOfDeadlock } from "../deadlock-cure.ts";
import { designUse } from "../design-use.ts";
import { exitCodes } from "../exit-codes.ts";
import { withSourceLine } from "../fault-source.ts";
import { findDifferences, readExpected } from "../first-difference.ts";
import type { InputOption } from "../options.ts";
import { printValue } from "../print-value.ts";
import { readDesignText, readInput } from "../read-input.ts";
import { useLines } from "../resource-lines.ts";
import { type ArgumentFiles, argumentTensor, assignFiles, readArgument } from "../sequence-files.ts";
import { tamedText } from "../terminal.ts";
import { expectTimeOptions, runTime, type TimeOptions, writeRoofline } from "../time/run-time.ts";
import { writeOutput } from "../write-output.ts";

export interface SimOptions extends TimeOptions {
  readonly design: string;
  /** `name` is the object's, as in `link_with`; the file's own with `.o` when left out. */
  readonly kernels: readonly InputOption[];
  readonly includeFolders: readonly string[];
  readonly defines: Readonly<Record<string, string | number>>;
  readonly inputs: readonly InputOption[];
  readonly outputs: readonly InputOption[];
  readonly sequence: string | undefined;
  readonly deviceName: string | undefined;
  readonly lowered: boolean;
  readonly insts: string | undefined;
  readonly runs: number;
  /** Memory is followed, see AieArrayOptions. */
  readonly checked: boolean;
  /** Nothing is run: what the design takes of its tiles is printed. */
  readonly usesOnly: boolean;
  /** .npy files that outputs must equal bit for bit. */
  readonly expected: readonly InputOption[];
  /** File for a Perfetto trace; also written when a fault ends the run. */
  readonly trace: string | undefined;
}

/** `aiekit sim`: a design from anywhere, with its C++ files, on the simulated array. Files are written when all went well. */
export const sim: Command<SimOptions> = async (context, options) => {
  const source = await readSource(context, options);
  if (options.usesOnly) return printUse(context, source);
  const design = readOwnDesign(source);
  const warn = warnOnce(context);
  // Before anything that can fail: they often say why it does.
  warn(design.warnings);
  await expectTimeOptions(options, context.cwd);
  const { inputs: given, outputs: asked } = options;
  const expected = await readExpected(design.args, options.expected, context.cwd);
  const files = assignFiles(design.args, { inputs: given, outputs: asked, expected, command: typedCommand(options) });
  const inputs: Uint8Array[] = [];
  for (const file of files) inputs.push(await readArgument(file, context.cwd));

  const built = await buildKernels(context, design, options);
  warn(built.warnings);
  const { runs: count, checked } = options;
  const trace = options.trace === undefined && expected.length === 0 ? undefined : new TraceRecorder();
  const job = { design, modules: built.modules, inputs, runs: count, checked, trace, path: options.time };
  const started = run(context, job).finally(() => writeTrace(context, options, design, trace));
  const runs = await started.catch(async (error: unknown) => {
    throw await withCure(error, { context, options, source, inputs });
  });
  const outputs = await writeOutputs(context, files, runs);
  const time = await timeOf(context, options, { design, runs });
  const differences = findDifferences({ design, expected, runs, transfers: trace?.transfers ?? [] });
  const finished = {
    design,
    runs,
    outputs,
    expected: expected.map(({ argIndex, file }) => ({ argument: design.args[argIndex]!.name, file })),
    differences,
    time,
    // A BD that does not fit its registers is told by the verifier and again by the array.
    warnings: [...new Set([...design.warnings, ...built.warnings, ...runs.warnings])],
  };
  warn(finished.warnings);
  if (context.json) context.stdout.write(`${JSON.stringify(recordArrayRuns(finished))}\n`);
  else context.stdout.write(printArrayRuns(finished));
  return differences.length > 0 ? exitCodes.failed : exitCodes.ok;
};

function warnOnce({ stderr }: CommandContext): (warnings: readonly string[]) => void {
  const told = new Set<string>();
  return (warnings) => {
    for (const warning of warnings) {
      if (!told.has(warning)) stderr.write(tamedText(`warning: ${warning}\n`));
      told.add(warning);
    }
  };
}

/** No sequence is needed for it. */
async function printUse(context: CommandContext, source: OwnDesignSource) {
  const { lowered, warnings } = lowerOwnModule(readOwnModule(source), source);
  const use = await designUse({ lowered, file: source.file }, context.cwd);
  for (const warning of warnings) context.stderr.write(tamedText(`warning: ${warning}\n`));
  printValue(context, { design: source.file, use }, useLines(use));
  return exitCodes.ok;
}

async function readSource(context: CommandContext, options: SimOptions): Promise<OwnDesignSource> {
  const { design: file, insts, lowered, deviceName, sequence } = options;
  const text = await readDesignText(file, context.cwd);
  await warnUnlessAsBuilt(context, file, new TextEncoder().encode(text));
  const stream = insts === undefined ? undefined : { file: insts, bytes: await readInput(insts, context.cwd) };
  if (stream !== undefined) await warnUnlessAsBuilt(context, stream.file, stream.bytes);
  return { file, text, lowered, deviceName, sequence, insts: stream, strict: options.checked };
}

interface StoppedRun {
  readonly context: CommandContext;
  readonly options: SimOptions;
  readonly source: OwnDesignSource;
  readonly inputs: readonly Uint8Array[];
}

/** Candidates whose kernels are compiled anew, and candidates without any. */
const curesTried = { withKernels: 12, without: 100 };

/** A deadlock is said with what frees it. */
async function withCure(error: unknown, { context, options, source, inputs }: StoppedRun): Promise<unknown> {
  if (options.lowered || options.insts !== undefined || options.deviceName !== undefined) return error;
  const task = context.progress.start("look for what frees it");
  const { signal } = context;
  const tryDesign = async (text: string, { checked = options.checked } = {}): Promise<void> => {
    const design = readOwnDesign({ ...source, text });
    const { modules } = await compile(context, design, options);
    const how = { runs: options.runs, checked: checked || options.checked, signal };
    const { reports } = await runOnArray({ design, modules, inputs, ...how });
    // A fifo that nobody releases takes the place of what is still to be sent: that frees nothing.
    if (reports.some(({ openTransfers }) => openTransfers.length > 0)) {
      throw new DesignError("its instruction stream ends before its transfers");
    }
  };
  const runsMax = options.kernels.length > 0 ? curesTried.withKernels : curesTried.without;
  try {
    const { file, text, sequence } = source;
    return await withCureOfDeadlock(error, { file, text, sequence, run: tryDesign, runsMax });
  } finally {
    task.done();
  }
}

/** What was typed, without the files of the arguments. */
function typedCommand(options: SimOptions): string[] {
  const named = ({ name, path }: InputOption): string => (name === undefined ? path : `${name}=${path}`);
  return [
    "aiekit",
    "sim",
    options.design,
    ...options.kernels.flatMap((kernel) => ["--kernel", named(kernel)]),
    ...options.includeFolders.flatMap((folder) => ["--include", folder]),
    ...Object.entries(options.defines).flatMap(([name, value]) => ["--define", `${name}=${value}`]),
    ...(options.sequence === undefined ? [] : ["--sequence", options.sequence]),
    ...(options.deviceName === undefined ? [] : ["--device-name", options.deviceName]),
    ...(options.lowered ? ["--lowered"] : []),
    ...(options.insts === undefined ? [] : ["--insts", options.insts]),
    ...(options.checked ? ["--check"] : []),
    ...(options.runs === 1 ? [] : ["--runs", String(options.runs)]),
  ];
}

async function buildKernels(context: CommandContext, design: OwnDesign, options: SimOptions) {
  const kernels = options.kernels.map(kernelFile);
  const names = kernels.map(({ file }) => file).join(", ");
  const task = context.progress.start(names === "" ? "check the calls of the cores" : `compile ${names}`);
  try {
    return await compile(context, design, options);
  } finally {
    task.done();
  }
}

function compile(context: CommandContext, { lowered, device }: OwnDesign, options: SimOptions) {
  const { includeFolders, defines } = options;
  const kernels = options.kernels.map(kernelFile);
  return buildOwnKernels(
    { lowered, device, kernels, includeFolders, defines, cwd: context.cwd },
    { clang: context.environment.clang, signal: context.signal },
  );
}

function kernelFile({ name, path }: InputOption): KernelFile {
  if (/\.(o|a|obj|elf|wasm)$/.test(path)) {
    throw new UsageError(`--kernel ${path}: expected a C++ source, got an object`, {
      hint: "objects for AIE cores do not run on the simulator: give the .cc file",
    });
  }
  return { object: name ?? `${basename(path, extname(path))}.o`, file: path };
}

async function run(
  context: CommandContext,
  source: Omit<Parameters<typeof runOnArray>[0], "signal" | "onProgress">,
): Promise<ArrayRuns> {
  const task = context.progress.start(`run ${source.design.file}`);
  try {
    return await runOnArray({
      ...source,
      signal: context.signal,
      onProgress: ({ run, cycles }) => task.update(`run ${run + 1} of ${source.runs}, ${Math.round(cycles)} cycles`),
    });
  } catch (error) {
    throw await withSourceLine(error, context.environment);
  } finally {
    task.done();
  }
}

/** Of the last run, where it was asked for; its picture is written. */
async function timeOf(
  context: CommandContext,
  { time, roofline }: TimeOptions,
  { design, runs }: { readonly design: OwnDesign; readonly runs: ArrayRuns },
) {
  const last = runs.reports.at(-1);
  if (last === undefined || (!time && roofline === undefined)) return undefined;
  const { device, file: title } = design;
  const found = runTime(last, device);
  if (roofline !== undefined) await writeRoofline(context, found, { path: roofline, title, device });
  return time ? found : undefined;
}

async function writeTrace(
  { cwd }: CommandContext,
  { trace: path }: SimOptions,
  { file, device }: OwnDesign,
  trace: TraceRecorder | undefined,
): Promise<void> {
  if (path === undefined || trace === undefined) return;
  const text = perfettoTrace(trace, { title: `${file} on ${device.name}`, clockHz: device.clockHz });
  await writeOutput(path, cwd, new TextEncoder().encode(text));
}

async function writeOutputs(
  { cwd }: CommandContext,
  files: readonly ArgumentFiles[],
  runs: ArrayRuns,
): Promise<readonly WrittenOutput[]> {
  const written: WrittenOutput[] = [];
  for (const [i, { arg, output }] of files.entries()) {
    if (output === undefined) continue;
    const value = argumentTensor(arg, runs.outputs[i] ?? new Uint8Array());
    await writeOutput(output, cwd, writeNpy(value));
    written.push({ name: arg.name, path: output, dtype: value.dtype, shape: value.shape });
  }
  return written;
}
