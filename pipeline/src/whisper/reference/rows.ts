import type { Affine, Norm } from "./reference-weights.ts";

/** Rows of float64, row-major: states between layers. */
export interface Rows {
  readonly count: number;
  readonly width: number;
  readonly data: Float64Array;
}

export function rows(count: number, width: number, data = new Float64Array(count * width)): Rows {
  return { count, width, data };
}

/** y = x W^T + b, with W [outputs, inputs]. */
export function affine(x: Rows, { weights, bias, outputs }: Affine): Rows {
  const y = rows(x.count, outputs);
  for (let row = 0; row < x.count; row++) {
    const from = row * x.width;
    for (let output = 0; output < outputs; output++) {
      const weight = output * x.width;
      let sum = bias === undefined ? 0 : bias[output]!;
      for (let i = 0; i < x.width; i++) sum += x.data[from + i]! * weights[weight + i]!;
      y.data[row * outputs + output] = sum;
    }
  }
  return y;
}

/** Each row to mean 0 and variance 1, then scaled and moved. 1e-5 is added to the variance, as in the published model. */
export function layerNorm(x: Rows, { gamma, beta }: Norm): Rows {
  const y = rows(x.count, x.width);
  for (let row = 0; row < x.count; row++) {
    const values = x.data.subarray(row * x.width, (row + 1) * x.width);
    let mean = 0;
    for (const value of values) mean += value / x.width;
    let variance = 0;
    for (const value of values) variance += (value - mean) ** 2 / x.width;
    const scale = 1 / Math.sqrt(variance + 1e-5);
    for (let i = 0; i < x.width; i++) y.data[row * x.width + i] = (values[i]! - mean) * scale * gamma[i]! + beta[i]!;
  }
  return y;
}

export function sum(a: Rows, b: Rows): Rows {
  return rows(
    a.count,
    a.width,
    a.data.map((value, i) => value + b.data[i]!),
  );
}

export function mapped(x: Rows, f: (value: number) => number): Rows {
  return rows(x.count, x.width, x.data.map(f));
}
