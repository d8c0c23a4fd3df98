import { attentionReference } from "./attention-reference.ts";
import { geluReference } from "./normal-distribution.ts";
import { layernormReference, rowStatistics } from "./row-references.ts";

interface LinearReference {
  /** [inputs, outputs] */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

interface NormReference {
  readonly gamma: Float64Array;
  readonly beta: Float64Array;
}

/** Weights of a layer as numbers. Columns of `qkv`: queries of all heads, then keys, then values. */
export interface EncoderLayerReferenceWeights {
  readonly ln1: NormReference;
  readonly qkv: LinearReference;
  readonly out: LinearReference;
  readonly ln2: NormReference;
  readonly fc1: LinearReference;
  readonly fc2: LinearReference;
}

interface EncoderLayerReferenceSizes {
  readonly positions: number;
  readonly heads: number;
}

const epsilon = 1e-5;

/** Sees the input of each product, row-major, before it is multiplied. */
export type ProductObserver = (product: string, input: Float64Array) => void;

/**
 * One layer of a Whisper encoder in float64, by its definition: x1 = x + out(attention(qkv(norm(x)))), and
 * y = x1 + fc2(gelu(fc1(norm(x1)))). Nothing is rounded on the way. `x`: [positions, width]. `observe` is shown the inputs of
 * qkv, out, fc1 and fc2.
 * Source: OpenAI's whisper/model.py, ResidualAttentionBlock and MultiHeadAttention.
 */
export function encoderLayerReference(
  x: Float64Array,
  weights: EncoderLayerReferenceWeights,
  { positions, heads }: EncoderLayerReferenceSizes,
  observe: ProductObserver = () => {},
): Float64Array {
  const width = x.length / positions;
  const product = (name: "qkv" | "out" | "fc1" | "fc2", input: Float64Array) => {
    observe(name, input);
    return linear(input, weights[name], positions);
  };
  const qkv = product("qkv", norm(x, weights.ln1));
  const part = (first: number) => ({ data: qkv, offset: first * width, pitch: 3 * width });
  const { values: attended } = attentionReference(
    { q: part(0), k: part(1), v: part(2) },
    { heads, queries: positions, keys: positions, width: width / heads, causal: false },
  );
  const x1 = plus(x, product("out", attended));
  const hidden = product("fc1", norm(x1, weights.ln2)).map(geluReference);
  return plus(x1, product("fc2", hidden));
}

function norm(x: Float64Array, factors: NormReference): Float64Array {
  return layernormReference(x, factors, rowStatistics(x, factors.gamma.length, epsilon));
}

/** x weights + bias, row by row. */
function linear(x: Float64Array, { weights, bias }: LinearReference, rows: number): Float64Array {
  const outputs = bias.length;
  const inputs = x.length / rows;
  const y = new Float64Array(rows * outputs);
  for (let row = 0; row < rows; row++) {
    const sums = y.subarray(row * outputs, (row + 1) * outputs);
    sums.set(bias);
    for (let i = 0; i < inputs; i++) {
      const factor = x[row * inputs + i]!;
      const from = i * outputs;
      for (let column = 0; column < outputs; column++) sums[column]! += factor * weights[from + column]!;
    }
  }
  return y;
}

const plus = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value + b[i]!);
