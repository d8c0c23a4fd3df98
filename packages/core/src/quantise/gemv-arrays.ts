import { FormatError, ShapeError } from "../errors.ts";
import { describeShape, type Tensor, tensor } from "../tensor.ts";
import { bf16Weights } from "./bf16-weights.ts";
import { checkFinite, matrixSizes, type Weights } from "./finite-weights.ts";
import { clamp, int8Max, roundHalfEven } from "./int8-weights.ts";

/** The operands of the gemv kernel: `w` [outputs, inputs], and what each output is treated with. */
export interface GemvArrays {
  readonly w: Tensor<"bf16" | "i8">;
  /** Rows: bias, and for int8 scale. */
  readonly channels: Tensor<"f32">;
}

export interface GemvLinear {
  /** [outputs, inputs]: a layer's weights as checkpoints have them, or an embedding that is used as a head. */
  readonly weights: Weights;
  /** Zeros when left out. */
  readonly bias?: Weights | undefined;
}

/**
 * int8, symmetric, with a scale for each output: the largest magnitude of its row becomes 127, everything is rounded to
 * nearest with ties to even and errs by half a scale at most. The order of the weights stays.
 * @throws FormatError for a number that is not finite or a row without a weight to scale by; ShapeError for an array that is
 * no matrix or a bias of another length.
 */
export function int8GemvArrays(name: string, { weights, bias }: GemvLinear): GemvArrays {
  const { rows: outputs, columns: inputs } = matrixSizes(name, weights);
  checkFinite(name, weights);
  const channels = channelsOf(name, { rows: 2, outputs, bias });
  const values = new Int8Array(outputs * inputs);
  for (let row = 0; row < outputs; row++) {
    const from = weights.data.subarray(row * inputs, (row + 1) * inputs);
    const most = from.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    const scale = Math.fround(most / int8Max);
    if (scale < leastScale) throw noScale(name, row, most);
    channels.data[outputs + row] = scale;
    for (let i = 0; i < inputs; i++) values[row * inputs + i] = clamp(roundHalfEven(from[i]! / scale), int8Max);
  }
  return { w: tensor("i8", [outputs, inputs], values), channels };
}

/** Weights rounded once, and the bias. @throws FormatError for a number that is not finite; ShapeError for a wrong bias. */
export function bf16GemvArrays(name: string, { weights, bias }: GemvLinear): GemvArrays {
  const { rows: outputs } = matrixSizes(name, weights);
  return { w: bf16Weights(name, weights), channels: channelsOf(name, { rows: 1, outputs, bias }) };
}

/** The normal numbers of float32 begin here; those below have too few bits to divide by. */
const leastScale = 2 ** -126;

function channelsOf(
  name: string,
  { rows, outputs, bias }: { rows: number; outputs: number; bias: Weights | undefined },
): Tensor<"f32"> {
  const channels = new Float32Array(rows * outputs);
  if (bias !== undefined) {
    const [expected, got] = [describeShape("f32", [outputs]), describeShape(bias.dtype, bias.shape)];
    if (expected !== got) throw new ShapeError(`${name}: bias: expected ${expected}, got ${got}`);
    checkFinite(`${name}: bias`, bias);
    channels.set(bias.data);
  }
  return tensor("f32", [rows, outputs], channels);
}

function noScale(name: string, row: number, most: number): FormatError {
  const found = most === 0 ? "has only zeros" : `has no weight above ${most}`;
  return new FormatError(`${name}: output ${row} ${found}: there is no scale for it`, {
    hint: "drop the output, or keep this matrix in bfloat16",
  });
}
