import { DeviceError } from "@aiekit/core";
import { AieArray, type ArrayReport, fillGuard, loadArrayConfig, type TraceRecorder } from "@aiekit/host";
import type { OwnDesign, SequenceArgument } from "@aiekit/tools";

interface ArrayRunsSource {
  readonly design: OwnDesign;
  /** Linked kernels by "col,row". */
  readonly modules: ReadonlyMap<string, Uint8Array>;
  /** Bytes for each argument of the sequence; what is only written is not read. */
  readonly inputs: readonly Uint8Array[];
  readonly runs: number;
  readonly checked: boolean;
  /** Is told what the array does. */
  readonly trace?: TraceRecorder | undefined;
  /** Reports have their run's critical path. */
  readonly path?: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: { readonly run: number; readonly cycles: number }) => void;
}

export interface ArrayRuns {
  /** What the last run left in each argument. */
  readonly outputs: readonly Uint8Array[];
  readonly reports: readonly ArrayReport[];
  /** Of the array and of outputs that were written in part; each once. */
  readonly warnings: readonly string[];
}

/** Where trace packets go, and why some did not come. */
type Traces = AieArray["traces"];

/**
 * Runs a design's instruction stream on one simulated array, again and again: locks, memories and arguments that are read
 * and written keep what the run before left. Before each run, outputs are filled with a pattern, so that what was not
 * written is known. Memory for trace packets holds zeros where none came, as readers of packets expect.
 * @throws SimFault for a fault or deadlock; DeviceError for an output that no run wrote; AbortedError on `signal`.
 */
export async function runOnArray(source: ArrayRunsSource): Promise<ArrayRuns> {
  const { design, modules, inputs, runs, signal, onProgress } = source;
  const array = new AieArray(loadArrayConfig(design.lowered), modules, {
    checked: source.checked,
    ...(source.trace && { trace: source.trace }),
    ...(source.path && { path: true }),
  });
  const buffers = design.args.map((arg, i) => hostMemory(arg, inputs[i]));
  const reports: ArrayReport[] = [];
  const warnings = new Set<string>();
  try {
    for (let run = 0; run < runs; run++) {
      design.args.forEach(({ use }, i) => {
        if (use === "out") fillGuard(buffers[i] ?? new Uint8Array());
      });
      const progress = ({ cycles }: { readonly cycles: number }): void => onProgress?.({ run, cycles });
      const report = await array.run({ insts: design.insts, buffers, signal, onProgress: progress });
      reports.push(report);
      for (const warning of report.warnings) warnings.add(warning);
    }
  } finally {
    array.close();
  }
  design.args.forEach((arg, i) => {
    if (arg.use !== "out") return;
    const memory = buffers[i] ?? new Uint8Array();
    const traces = array.traces.memory.filter(({ argIndex }) => argIndex === i);
    for (const { firstWord, words } of traces) clearGuard(memory, firstWord, words);
    const warning = checkWritten(design, arg, { memory, traces: array.traces, isTrace: traces.length > 0 });
    if (warning !== undefined) warnings.add(warning);
  });
  return { outputs: buffers, reports, warnings: [...warnings] };
}

/** The shim moves whole 32-bit words. */
function hostMemory({ bytes }: SequenceArgument, input: Uint8Array | undefined): Uint8Array {
  const memory = new Uint8Array(Math.ceil(bytes / 4) * 4);
  if (input !== undefined) memory.set(input);
  return memory;
}

/** Words that equal the pattern by chance are one in 2^32. */
function checkWritten(
  design: OwnDesign,
  { name, bytes }: SequenceArgument,
  { memory, traces, isTrace }: { readonly memory: Uint8Array; readonly traces: Traces; readonly isTrace: boolean },
): string | undefined {
  const pattern = new Uint8Array(memory.length);
  fillGuard(pattern);
  const [got, guard] = [memory, pattern].map(({ buffer }) => new Uint32Array(buffer)) as [Uint32Array, Uint32Array];
  const unwritten = [...got.keys()].filter((word) => got[word] === guard[word]);
  if (unwritten.length === 0) return undefined;
  if (unwritten.length === got.length && !isTrace) {
    const hint =
      "the run completed, so look at what the design sends to this argument, and whether the sequence awaits it";
    throw new DeviceError(`${design.file}: sequence @${design.sequence}: output %${name} was never written`, {
      hint: [hint, ...traces.problems].join("; "),
    });
  }
  return `output %${name}: ${unwritten.length * 4} of ${bytes} bytes, from byte ${unwritten[0]! * 4} on, were not written and hold a pattern`;
}

/** Words that still hold the pattern become zeros. */
function clearGuard(memory: Uint8Array, firstWord: number, words: number): void {
  const pattern = new Uint8Array(memory.length);
  fillGuard(pattern);
  const [got, guard] = [memory, pattern].map(({ buffer }) => new Uint32Array(buffer)) as [Uint32Array, Uint32Array];
  for (let word = firstWord; word < firstWord + words; word++) if (got[word] === guard[word]) got[word] = 0;
}
