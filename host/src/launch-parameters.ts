import { type LaunchParameter, type SequenceSpec, ShapeError, type Tensor, tensor, UsageError } from "@aiekit/core";

export type ParameterValues = Readonly<Record<string, number>>;
type Inputs = Readonly<Record<string, Tensor>>;

/** What a launch is given, once inputs of fewer rows have said what they mean. */
interface CompleteInputs {
  /** Each of the full shape: zeros behind the rows that were given. */
  readonly inputs: Inputs;
  readonly parameters: ParameterValues;
}

/**
 * An input whose rows a launch parameter counts may have fewer of them: the parameter is then that number, unless
 * `given` says another.
 */
export function completeInputs(
  sequence: Pick<SequenceSpec, "args" | "parameters">,
  inputs: Inputs,
  given: ParameterValues = {},
): CompleteInputs {
  const parameters: Record<string, number> = { ...given };
  const complete: Record<string, Tensor> = { ...inputs };
  for (const { name, argument, min } of sequence.parameters ?? []) {
    const [arg, input] = [sequence.args.find((a) => a.name === argument), inputs[argument]];
    if (arg === undefined || input === undefined || input.dtype !== arg.dtype) continue;
    const rows = input.shape[0] ?? 0;
    const sameRows =
      input.shape.length === arg.shape.length && input.shape.every((n, i) => i === 0 || n === arg.shape[i]);
    if (!sameRows || rows < min || rows >= (arg.shape[0] ?? 0)) continue;
    const whole = tensor(arg.dtype, arg.shape);
    (whole.data as Uint8Array).set(input.data as Uint8Array);
    complete[argument] = whole;
    parameters[name] ??= rows;
  }
  return { inputs: complete, parameters };
}

/**
 * The instruction stream for these values; parameters that are not given have their largest. The bytes that are given are
 * not changed. @throws UsageError for a name that the sequence does not have, ShapeError for a value out of its range.
 */
export function instsFor(sequence: SequenceSpec, insts: Uint8Array, values: ParameterValues): Uint8Array {
  const known = sequence.parameters ?? [];
  for (const name of Object.keys(values)) {
    if (known.some((p) => p.name === name)) continue;
    const names = known.map((p) => p.name).join(", ");
    throw new UsageError(`${sequence.name}: there is no launch parameter ${name}`, {
      hint: names === "" ? "this sequence has none" : `it has ${names}`,
    });
  }
  const changed = known.filter(({ name, max }) => values[name] !== undefined && values[name] !== max);
  for (const { name, min, max } of known) {
    const value = values[name] ?? max;
    if (Number.isInteger(value) && value >= min && value <= max) continue;
    throw new ShapeError(`${sequence.name}: ${name}: expected a whole number from ${min} to ${max}, got ${value}`, {
      hint: value > max ? "build the kernel for a larger one" : `nearest: ${min}`,
    });
  }
  if (changed.length === 0) return insts;
  const patched = new Uint8Array(insts);
  const view = new DataView(patched.buffer);
  for (const parameter of changed) writeWords(view, parameter, values[parameter.name] as number);
  return patched;
}

function writeWords(view: DataView, { words }: LaunchParameter, value: number): void {
  for (const { index, step, factor, constant } of words) {
    view.setUint32(4 * index, (constant + factor * Math.ceil(value / step)) >>> 0, true);
  }
}
