import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type ArgSpec, dtypeBytes, elementCount, type FileRef, padded, type Tensor } from "@aiekit/core";
import {
  lastWriters,
  loadArrayConfig,
  loadKernel,
  type NpuGeneration,
  openDevice,
  runOverUnits,
  SimFault,
  TraceRecorder,
} from "@aiekit/host";
import { parseModule } from "@aiekit/mlir";
import type { CaseEvidence } from "@aiekit/validate";
import type { Environment } from "./environment.ts";
import { withSourceLine } from "./fault-source.ts";
import { originLines } from "./first-difference.ts";

/** A run whose result a suite did not accept. */
interface FailedRun {
  readonly manifestPath: string;
  readonly generation: NpuGeneration;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly sequence: string | undefined;
  /** What was expected and got. */
  readonly evidence: CaseEvidence;
  /** Element that the suite complained about; the one that is furthest off where it named none. */
  readonly element?: number | undefined;
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

/**
 * Runs it once more on a checked array and says why its result is wrong, as far as the array can tell: the fault that ends the
 * checked run; or else the element that is furthest off, and BD by BD the way of its word back to the core that wrote it.
 */
export async function explainFailure(failed: FailedRun): Promise<string[]> {
  const trace = new TraceRecorder();
  const { manifestPath, generation, inputs, sequence, signal } = failed;
  const device = await openDevice("sim", { generation, checked: true, trace });
  try {
    const loaded = await loadKernel(device, manifestPath);
    const { launches } = await runOverUnits(loaded, inputs, { signal, sequence });
    const head = differenceText(failed.evidence, failed.element);
    if (head === undefined) return [];
    const spec = loaded.manifest.sequences.find(({ name }) => name === launches[0]?.sequence);
    const outputs = spec?.args.filter(({ direction }) => direction !== "in") ?? [];
    const [output] = outputs;
    const isWhole = output !== undefined && elementCount(output.shape) === failed.evidence.reference.length;
    if (spec === undefined || !isWhole || outputs.length > 1 || launches.length > 1) {
      return [
        head.text,
        "  its way is followed only where one launch has one output, and the suite compares all of it",
      ];
    }
    const place = { argIndex: spec.args.indexOf(output), word: wordOf(output, head.element) };
    const config = loadArrayConfig(await loweredDesign(manifestPath, loaded.manifest.lowered));
    return [`${head.text}, in output ${output.name}`, ...originLines(lastWriters(config, trace.transfers, place))];
  } catch (error) {
    if (!(error instanceof SimFault)) throw error;
    const told = (await withSourceLine(error, failed.environment)) as Error & { readonly hint?: string };
    const lines = told.message.split("\n").map((line) => `  ${line}`);
    return ["run again, checked:", ...lines, ...(told.hint === undefined ? [] : [`  hint: ${told.hint}`])];
  } finally {
    await device.close();
  }
}

/** The element that is furthest off; undefined where all are equal. What is not a number is further off than any number. */
function differenceText(
  { reference, actual, columns }: CaseEvidence,
  named: number | undefined,
): { element: number; text: string } | undefined {
  let [element, distance] = [named ?? -1, named === undefined ? 0 : Number.POSITIVE_INFINITY];
  for (let i = 0; i < Math.max(reference.length, actual.length); i++) {
    const [expected, got] = [reference[i], actual[i]];
    if (Object.is(expected, got) || expected === got) continue;
    const apart = Math.abs((got ?? Number.NaN) - (expected ?? Number.NaN));
    const further = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
    if (further > distance) [element, distance] = [i, further];
  }
  if (element < 0) return undefined;
  const where = columns > 0 ? ` (row ${Math.floor(element / columns)}, column ${element % columns})` : "";
  return { element, text: `element ${element}${where}: expected ${reference[element]}, got ${actual[element]}` };
}

/** Word of the host's buffer in which an element of the caller's array lies, padding and all. */
function wordOf(arg: ArgSpec, element: number): number {
  const size = dtypeBytes(arg.dtype);
  const marked = new Uint8Array(elementCount(arg.shape) * size);
  marked[element * size] = 1;
  return Math.floor(padded(marked, arg).indexOf(1) / 4);
}

async function loweredDesign(manifestPath: string, file: FileRef | undefined) {
  const path = resolve(dirname(manifestPath), file?.path ?? "lowered.mlir");
  return parseModule(await readFile(path, "utf8"), path);
}
