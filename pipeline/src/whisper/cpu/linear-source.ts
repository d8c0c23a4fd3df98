import type { WeightSource } from "../../encoder/encoder-weights.ts";
import { readArray } from "../read-array.ts";

/** y = x W^T + b, with W [outputs, inputs]; read when it is written. */
export interface LinearSource {
  readonly name: string;
  readonly outputs: number;
  readonly inputs: number;
  readonly weights: () => Promise<Float32Array>;
  readonly bias: (() => Promise<Float32Array>) | undefined;
}

/** `NAME.weight` and, unless there is none, `NAME.bias`. */
export function linearSource(
  source: WeightSource,
  name: string,
  { outputs, inputs, bias = true }: { readonly outputs: number; readonly inputs: number; readonly bias?: boolean },
): LinearSource {
  return {
    ...{ name, outputs, inputs },
    weights: () => readArray(source, `${name}.weight`, [outputs, inputs]),
    bias: bias ? () => readArray(source, `${name}.bias`, [outputs]) : undefined,
  };
}

/** The outputs of several, one behind another; a part without bias has zeros. */
export function joinedLinears(name: string, parts: readonly LinearSource[]): LinearSource {
  const outputs = parts.reduce((sum, part) => sum + part.outputs, 0);
  const joined = async (size: number, read: (part: LinearSource) => Promise<Float32Array> | undefined) => {
    const all = new Float32Array(size);
    let at = 0;
    for (const part of parts) {
      const values = await read(part);
      if (values !== undefined) all.set(values, at);
      at += (size / outputs) * part.outputs;
    }
    return all;
  };
  const { inputs } = parts[0]!;
  return {
    ...{ name, outputs, inputs },
    weights: () => joined(outputs * inputs, (part) => part.weights()),
    bias: () => joined(outputs, (part) => part.bias?.()),
  };
}

/** Columns of each head, and what they are widened to by zeros. */
export interface HeadPadding {
  readonly columns: number;
  readonly padded: number;
}

/** Outputs in heads of more columns: those added are 0. */
export function paddedOutputs(linear: LinearSource, { columns, padded }: HeadPadding): LinearSource {
  if (columns === padded) return linear;
  const heads = linear.outputs / columns;
  const spread = (values: Float32Array, rowSize: number) => {
    const all = new Float32Array(heads * padded * rowSize);
    for (let head = 0; head < heads; head++) {
      all.set(values.subarray(head * columns * rowSize, (head + 1) * columns * rowSize), head * padded * rowSize);
    }
    return all;
  };
  const { bias } = linear;
  return {
    ...linear,
    outputs: heads * padded,
    weights: async () => spread(await linear.weights(), linear.inputs),
    bias: bias && (async () => spread(await bias(), 1)),
  };
}

/** Inputs in heads of more columns, which do not count. */
export function paddedInputs(linear: LinearSource, { columns, padded }: HeadPadding): LinearSource {
  if (columns === padded) return linear;
  const heads = linear.inputs / columns;
  const inputs = heads * padded;
  return {
    ...linear,
    inputs,
    weights: async () => {
      const values = await linear.weights();
      const all = new Float32Array(linear.outputs * inputs);
      for (let block = 0; block < linear.outputs * heads; block++) {
        all.set(values.subarray(block * columns, (block + 1) * columns), block * padded);
      }
      return all;
    },
  };
}
