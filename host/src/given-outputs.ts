import {
  type ArgSpec,
  cropInto,
  describeShape,
  type SequenceSpec,
  ShapeError,
  type Tensor,
  tensor,
  tensorBytes,
  UsageError,
} from "@aiekit/core";

/** Tensors of the caller that a launch writes its results into, by argument. */
export type GivenOutputs = Readonly<Record<string, Tensor>>;

/** @throws UsageError for a name that is no output of the sequence; ShapeError for a tensor of another shape or type. */
export function checkGivenOutputs(kernel: string, { name, args }: SequenceSpec, given: GivenOutputs): void {
  for (const [output, found] of Object.entries(given)) {
    const arg = args.find((one) => one.name === output && one.direction !== "in");
    if (arg === undefined) {
      const names = args.filter(({ direction }) => direction !== "in").map((one) => one.name);
      throw new UsageError(`${kernel}: ${name}: no output named ${output}: expected ${names.join(", ")}`);
    }
    const [expected, got] = [arg, found].map(({ dtype, shape }) => describeShape(dtype, shape));
    if (expected !== got) throw new ShapeError(`${kernel}: output ${output}: expected ${expected}, got ${got}`);
  }
}

/** What the host's view of an output's buffer holds, in the tensor that was given for it, or in a new one. */
export function outputOf(buffer: Uint8Array, arg: ArgSpec, given: Tensor | undefined): Tensor {
  const output = given ?? tensor(arg.dtype, arg.shape);
  cropInto(tensorBytes(output), buffer, arg);
  return output;
}
