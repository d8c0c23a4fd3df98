import { FormatError, ShapeError, UsageError } from "../errors.ts";
import { describeShape, type Tensor, tensor } from "../tensor.ts";
import type { ActivationBits } from "./activations.ts";
import { bf16Weights } from "./bf16-weights.ts";
import { checkFinite, matrixSizes, type Weights } from "./finite-weights.ts";
import { type Int8Weights, int8Max, int8Weights, roundHalfEven } from "./int8-weights.ts";

/** The operands of the matmul kernel that a layer's weights make: `b` and the four words of each column, `channels`. */
export interface MatmulArrays {
  readonly b: Tensor<"bf16" | "i8">;
  readonly channels: Tensor<"i32">;
}

/**
 * For bfloat16 x bfloat16: weights rounded once; a column's words are the bits of its bias as float32, and nothing.
 * @throws FormatError for a number that is not finite; ShapeError for a bias of another length.
 */
export function bf16MatmulArrays(
  name: string,
  linear: { readonly weights: Weights; readonly bias: Weights },
): MatmulArrays {
  const { columns } = matrixSizes(name, linear.weights);
  const channels = biasChannels(name, linear.bias, columns);
  return { b: bf16Weights(name, linear.weights), channels };
}

/**
 * For bfloat16 x int8: weights with a scale for each column, which the kernel multiplies sums with; a column's words are the
 * bits of bias and scale as float32. @throws FormatError for a number that is not finite or a column of zeros; ShapeError.
 */
export function bf16ByInt8MatmulArrays(
  name: string,
  linear: { readonly weights: Weights; readonly bias: Weights },
): MatmulArrays {
  const { values, scales } = int8Weights(name, linear.weights);
  const columns = scales.data.length;
  const channels = biasChannels(name, linear.bias, columns);
  channels.data.set(float32Bits(scales.data), columns);
  return { b: values, channels };
}

/** The four words of each column where nothing but a bias is added. @throws FormatError, ShapeError as above. */
export function biasChannels(name: string, bias: Weights, columns: number): Tensor<"i32"> {
  checkBias(name, bias, columns);
  const words = new Int32Array(4 * columns);
  words.set(float32Bits(bias.data));
  return tensor("i32", [4, columns], words);
}

export interface Int8LinearOptions {
  readonly weights: Int8Weights;
  readonly bias: Weights;
  /** Scale of the integers that come in. */
  readonly inputScale: number;
  /** Bits of the integers that come in: 8 when left out, 16 for W8A16. */
  readonly inputBits?: ActivationBits | undefined;
  /** Scale of the integers that go out; left out where the result is bfloat16. */
  readonly outputScale?: number | undefined;
}

export interface Int8MatmulArrays extends MatmulArrays {
  /** Largest relative error of a column's multiplier / 2^shift; 0 where the scale is a float. */
  readonly worstMultiplierError: number;
}

/**
 * For int8 x int8 and int16 x int8. Integers out: (sum + bias) * multiplier / 2^shift, with a multiplier for each column and
 * one shift, the largest that keeps all multipliers below 2^31. bfloat16 out: (sum + bias) * scale, the scale as float32
 * bits; int16 activations: (sum + bias) / 2^shift * scale, with the shift that keeps every sum within 32 bits.
 * @throws UsageError for grouped weights (see groupedMatmulArrays), and for scales too far apart; FormatError for a bias that
 * with the sum leaves 32 bits.
 */
export function int8MatmulArrays(name: string, linear: Int8LinearOptions): Int8MatmulArrays {
  const { values, scales, groupSize } = linear.weights;
  const [inputs = 0, columns = 0] = values.shape;
  if (groupSize !== inputs) {
    throw new UsageError(
      `${name}: weights in groups of ${groupSize}: these operands of the matmul kernel have one scale for each column`,
      {
        hint: "take groupedMatmulArrays, quantise without groupSize, or dequantise to bfloat16",
      },
    );
  }
  checkBias(name, linear.bias, columns);
  checkScales(name, linear);
  const isWide = linear.inputBits === 16;
  const scaleOf = Array.from(scales.data, (scale) => scale * linear.inputScale);
  const words = new Int32Array(4 * columns);
  words.set(
    Int32Array.from(scaleOf, (scale, column) =>
      biasWord(name, { bias: linear.bias.data[column]!, scale, column, inputs: isWide ? 0 : inputs }),
    ),
  );
  const channels = tensor("i32", [4, columns], words);
  const { outputScale } = linear;
  if (outputScale === undefined) {
    const shift = isWide ? sumShift(inputs, words.subarray(0, columns)) : 0;
    words.set(float32Bits(Float32Array.from(scaleOf, (scale) => scale * 2 ** shift)), columns);
    words.fill(shift, 2 * columns, 3 * columns);
    return { b: values, channels, worstMultiplierError: 0 };
  }
  const ratios = scaleOf.map((scale) => scale / outputScale);
  if (isWide) checkReach(name, { ratios, inputs, biases: words.subarray(0, columns) });
  const { multipliers, shift, worst } = multipliersOf(name, ratios);
  words.set(multipliers, columns);
  words.fill(shift, 2 * columns, 3 * columns);
  return { b: values, channels, worstMultiplierError: worst };
}

/** Source: kernels/matmul/requantise.h. */
const mostShift = 46;
const mostMultiplier = 2 ** 31 - 1;
/** A multiplier of so much is right to 2^-9, as good as the rounding of an int8 result. */
const leastMultiplier = 2 ** 8;

function multipliersOf(
  name: string,
  ratios: readonly number[],
): { multipliers: number[]; shift: number; worst: number } {
  const [largest, smallest] = [Math.max(...ratios), Math.min(...ratios)];
  if (!(smallest > 0 && largest <= mostMultiplier)) {
    throw new UsageError(
      `${name}: a result of ${largest} steps for one of the product: expected scales above 0, below 2^31`,
      {
        hint: "look at inputScale and outputScale: calibrate both with the same clips",
      },
    );
  }
  let shift = mostShift;
  while (roundHalfEven(largest * 2 ** shift) > mostMultiplier) shift -= 1;
  const multipliers = ratios.map((ratio) => roundHalfEven(ratio * 2 ** shift));
  const column = multipliers.findIndex((multiplier) => multiplier < leastMultiplier);
  if (column >= 0) {
    throw new UsageError(
      `${name}: column ${column} has the multiplier ${multipliers[column]}, less than ${leastMultiplier}: its scale is too far below the largest`,
      { hint: "one shift serves all columns; keep this matrix in bfloat16" },
    );
  }
  const worst = ratios.reduce(
    (most, ratio, i) => Math.max(most, Math.abs(multipliers[i]! / 2 ** shift / ratio - 1)),
    0,
  );
  return { multipliers, shift, worst };
}

function biasWord(
  name: string,
  { bias, scale, column, inputs }: { bias: number; scale: number; column: number; inputs: number },
): number {
  const word = roundHalfEven(bias / scale);
  const room = 2 ** 31 - 1 - inputs * int8Max ** 2;
  if (Math.abs(word) <= room) return word;
  throw new FormatError(
    `${name}: bias of column ${column} is ${word} in steps of the product, at most ${room} fit beside the sum`,
    {
      hint: "the column's weights are tiny beside its bias: keep this matrix in bfloat16",
    },
  );
}

const int32Max = 2 ** 31 - 1;
const largestSum = (inputs: number): number => inputs * int8Max * 2 ** 15;

/** The least shift that brings every sum with its bias into 32 bits. */
function sumShift(inputs: number, biases: Int32Array): number {
  const most = biases.reduce((largest, word) => Math.max(largest, Math.abs(word)), 0) + largestSum(inputs);
  return Math.max(0, Math.ceil(Math.log2(most / int32Max)));
}

/** Sums beyond 32 bits are cut before they are requantised: that must not happen to results within int16. */
function checkReach(
  name: string,
  {
    ratios,
    inputs,
    biases,
  }: { readonly ratios: readonly number[]; readonly inputs: number; readonly biases: Int32Array },
): void {
  const column = ratios.findIndex((ratio, at) => {
    return ratio * int32Max < 2 ** 15 && largestSum(inputs) + Math.abs(biases[at]!) > int32Max;
  });
  if (column < 0) return;
  throw new UsageError(
    `${name}: column ${column}: sums beyond 32 bits would be results within int16: one step of the product is ${ratios[column]} steps of the result, expected at least 2^-16`,
    { hint: "lower outputScale, split the inputs, or take a bfloat16 result" },
  );
}

/** @throws UsageError for a scale that is no positive number. */
export function checkScales(
  name: string,
  { inputScale, outputScale = 1 }: Pick<Int8LinearOptions, "inputScale" | "outputScale">,
): void {
  for (const scale of [inputScale, outputScale]) {
    if (scale > 0 && Number.isFinite(scale)) continue;
    throw new UsageError(`${name}: expected scales above 0 of what comes in and goes out, got ${scale}`, {
      hint: "calibrate both with clips, see RangeTable",
    });
  }
}

/** @throws ShapeError for a bias of another length; FormatError for one that is not finite. */
export function checkBias(name: string, bias: Weights, columns: number): void {
  const [expected, got] = [describeShape("f32", [columns]), describeShape(bias.dtype, bias.shape)];
  if (expected !== got) throw new ShapeError(`${name}: bias: expected ${expected}, got ${got}`);
  checkFinite(`${name}: bias`, bias);
}

const float32Bits = (values: Float32Array): Int32Array => new Int32Array(Float32Array.from(values).buffer);
