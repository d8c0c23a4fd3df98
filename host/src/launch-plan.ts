import { describeShape, type SequenceSpec, ShapeError, type Tensor, UsageError } from "@aiekit/core";
import { completeInputs } from "./launch-parameters.ts";

/** One launch: a sequence, the first unit it works on, and how many of its units are wanted (the rest is padding). */
export interface Launch {
  readonly sequence: SequenceSpec;
  readonly firstUnit: number;
  readonly wantedUnits: number;
}

/**
 * Covers `totalUnits` units: the largest sequence that still fits, again and again, then the smallest one that covers
 * what is left. Sequences of 16, 128 and 1024 units cover 1098 units as 1024 + 4 x 16 + 10 of 16.
 */
export function planLaunches(totalUnits: number, sequences: readonly SequenceSpec[]): readonly Launch[] {
  const largestFirst = sequences.filter((s) => s.units > 0).sort((a, b) => b.units - a.units);
  const launches: Launch[] = [];
  let firstUnit = 0;
  while (firstUnit < totalUnits) {
    const left = totalUnits - firstUnit;
    const sequence = largestFirst.find((s) => s.units <= left) ?? largestFirst.at(-1);
    if (sequence === undefined) throw new UsageError("launch plan: the manifest has no sequence of one unit or more");
    const wantedUnits = Math.min(sequence.units, left);
    launches.push({ sequence, firstUnit, wantedUnits });
    firstUnit += wantedUnits;
  }
  return launches;
}

/**
 * The sequences whose arguments of fixed shape are the inputs': a kernel may have a sequence for each of several shapes.
 * Else those that take inputs of fewer rows. All of them where none fits, for the error to be about.
 */
export function sequencesOfShape(
  sequences: readonly SequenceSpec[],
  inputs: Readonly<Record<string, Tensor>>,
): readonly SequenceSpec[] {
  const takes = ({ args }: SequenceSpec, given: Readonly<Record<string, Tensor>>) =>
    args.every(({ name, direction, dtype, shape, units }) => {
      const input = given[name];
      if (direction === "out" || units !== undefined || input === undefined) return true;
      return describeShape(input.dtype, input.shape) === describeShape(dtype, shape);
    });
  const fitting = sequences.filter((sequence) => takes(sequence, inputs));
  if (fitting.length > 0) return fitting;
  const withFewerRows = sequences.filter((sequence) => takes(sequence, completeInputs(sequence, inputs).inputs));
  return withFewerRows.length > 0 ? withFewerRows : sequences;
}

/**
 * Units (frames, rows) that the inputs hold: 1 + floor((n - window) / hop) along the unit axis; 1 for a kernel whose
 * inputs have no such axis. Inputs are checked against the arguments of `sequence` on the way.
 * @throws ShapeError that names the input, what was expected and what was given.
 */
export function countUnits(kernel: string, sequence: SequenceSpec, inputs: Readonly<Record<string, Tensor>>): number {
  const wanted = sequence.args.filter((arg) => arg.direction !== "out");
  for (const name of Object.keys(inputs)) {
    if (!wanted.some((arg) => arg.name === name)) {
      throw new UsageError(`${kernel}: no input named ${name}; expected ${wanted.map((a) => a.name).join(", ")}`);
    }
  }
  let units: number | undefined;
  let unitsFrom = "";
  for (const arg of wanted) {
    const input = inputs[arg.name];
    const expected = describeShape(
      arg.dtype,
      arg.shape.map((size, axis) => (axis === arg.units?.axis ? "n" : size)),
    );
    if (input === undefined) throw new UsageError(`${kernel}: input ${arg.name} is missing: expected ${expected}`);
    const sameShape =
      input.shape.length === arg.shape.length &&
      input.shape.every((size, axis) => axis === arg.units?.axis || size === arg.shape[axis]);
    if (input.dtype !== arg.dtype || !sameShape) {
      const shape = `reshape the array to ${expected}${arg.units === undefined ? "" : ", any n"}`;
      const dtype =
        arg.dtype === "bf16"
          ? "convert the array to float32, which aiekit run rounds to bf16"
          : `convert the array to ${arg.dtype}, and see that its values fit`;
      const hint = [...(sameShape ? [] : [shape]), ...(input.dtype === arg.dtype ? [] : [dtype])].join("; ");
      throw new ShapeError(
        `${kernel}: input ${arg.name}: expected ${expected}, got ${describeShape(input.dtype, input.shape)}`,
        { hint },
      );
    }
    if (arg.units === undefined) continue;
    const { axis, hop, window } = arg.units;
    const length = input.shape[axis] ?? 0;
    if (length < window) {
      throw new ShapeError(
        `${kernel}: input ${arg.name}: expected a length of ${window} or more along axis ${axis} (one unit), got ${length}`,
        { hint: "append zeros, or pass more data" },
      );
    }
    const count = 1 + Math.floor((length - window) / hop);
    if (units !== undefined && units !== count) {
      throw new ShapeError(`${kernel}: input ${arg.name} holds ${count} units, ${unitsFrom} holds ${units}`);
    }
    units = count;
    unitsFrom = arg.name;
  }
  return units ?? 1;
}
