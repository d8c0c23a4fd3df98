import { bf16ToFloat, describeShape, elementCount, readNpy, ShapeError, type Tensor, UsageError } from "@aiekit/core";
import { lastWriters, loadArrayConfig, type TraceRecorder, type WordOrigin, type WriteStep } from "@aiekit/host";
import type { OwnDesign, SequenceArgument } from "@aiekit/tools";
import type { ArrayRuns } from "./array-runs.ts";
import type { InputOption } from "./options.ts";
import { readInput } from "./read-input.ts";
import { argumentTensor, describeArgument, isSameType } from "./sequence-files.ts";

/** What an argument should hold after the last run. */
interface ExpectedOutput {
  readonly argIndex: number;
  readonly file: string;
  readonly value: Tensor;
}

/** The first element of an output that differs, and the way that its word came. */
export interface OutputDifference {
  readonly argument: string;
  readonly file: string;
  readonly element: number;
  readonly expected: string;
  readonly got: string;
  /** Elements that differ, and of how many. */
  readonly differing: number;
  readonly elements: number;
  readonly origin: WordOrigin;
}

/**
 * Reads `--expect` files: by name, or in the order of the outputs.
 * @throws UsageError for a file that has no output, ShapeError for another type or number of elements.
 */
export async function readExpected(
  args: readonly SequenceArgument[],
  files: readonly InputOption[],
  cwd: string,
): Promise<readonly ExpectedOutput[]> {
  const written = args.filter(({ use }) => use === "out" || use === "inout");
  const expected: ExpectedOutput[] = [];
  for (const [i, { name, path }] of files.entries()) {
    const arg = name === undefined ? written[i] : written.find((one) => one.name === name);
    if (arg === undefined) {
      const outputs = written.map(describeArgument).join(", ") || "none";
      throw new UsageError(`--expect ${path}: the sequence has no such output`, { hint: `outputs: ${outputs}` });
    }
    const value = readNpy(await readInput(path, cwd), path);
    if (!isSameType(arg, value.dtype) || elementCount(value.shape) !== elementCount(arg.shape)) {
      throw new ShapeError(
        `--expect ${path}: expected ${describeArgument(arg)}, got ${describeShape(value.dtype, value.shape)}`,
        {
          hint: "elements are compared bit for bit, so the type must be that of the sequence; bf16 is given as uint16",
        },
      );
    }
    expected.push({ argIndex: args.indexOf(arg), file: path, value });
  }
  return expected;
}

/** The first difference of each output, bit for bit, so that of NaNs as well; -0 is not 0. */
export function findDifferences(found: {
  readonly design: OwnDesign;
  readonly expected: readonly ExpectedOutput[];
  readonly runs: ArrayRuns;
  readonly transfers: TraceRecorder["transfers"];
}): readonly OutputDifference[] {
  const { design, expected, runs, transfers } = found;
  return expected.flatMap(({ argIndex, file, value }): OutputDifference[] => {
    const arg = design.args[argIndex]!;
    const got = argumentTensor(arg, runs.outputs[argIndex] ?? new Uint8Array());
    const elements = elementCount(arg.shape);
    const size = arg.bytes / elements;
    const [left, right] = [bytesOf(value), bytesOf(got)];
    const differs = (element: number): boolean => {
      for (let i = element * size; i < (element + 1) * size; i++) if (left[i] !== right[i]) return true;
      return false;
    };
    const differing = Array.from({ length: elements }, (_, i) => i).filter(differs);
    const [element] = differing;
    if (element === undefined) return [];
    const firstByte = left.findIndex((byte, i) => byte !== right[i]);
    const place = { argIndex, word: Math.floor(firstByte / 4) };
    const origin = lastWriters(loadArrayConfig(design.lowered), transfers, place);
    const text = (tensor: Tensor): string => {
      const number = tensor.data[element]!;
      return arg.dtype === "bf16" ? String(bf16ToFloat(Number(number))) : String(number);
    };
    const values = { expected: text(value), got: text(got) };
    return [{ argument: arg.name, file, element, ...values, differing: differing.length, elements, origin }];
  });
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** For people: what differs, and below it the way back of the word. */
export function differenceLines(one: OutputDifference): string[] {
  const { argument, file, element, expected, got, differing, elements, origin } = one;
  const head = `%${argument} differs from ${file} in ${differing} of ${elements} elements, first in ${element}: expected ${expected}, got ${got}`;
  return [head, ...originLines(origin)];
}

/** The way of a word back, last step first. */
export function originLines({ steps, core }: WordOrigin): string[] {
  if (steps.length === 0) return ["  no DMA channel wrote it"];
  return [...steps.map(stepLine), ...(core === undefined ? [] : [`  written by core (${core.col},${core.row})`])];
}

function stepLine({ tile, direction, channel, bdId, buffer, position, padding, cycle }: WriteStep): string {
  const where = buffer === undefined ? `byte ${position} of host memory` : `element ${position} of ${buffer}`;
  const what = padding ? "padding with zeros" : where;
  const verb = direction === "S2MM" ? "written by" : "sent by";
  return `  ${verb} ${direction} ${channel} of (${tile.col},${tile.row}), BD ${bdId}: ${what}, until cycle ${Math.round(cycle)} (modelled)`;
}
