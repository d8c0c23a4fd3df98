import { bf16ToFloat } from "../bf16.ts";
import { ShapeError } from "../errors.ts";
import { bf16Weights } from "./bf16-weights.ts";
import { describeIndex, type Weights } from "./finite-weights.ts";
import { dequantiseInt8, int8Weights } from "./int8-weights.ts";

/** What a representation costs; plain data. */
export interface QuantisationError {
  /** 10 log10 of the sum of squares over that of the errors; null where nothing errs. */
  readonly sqnrDb: number | null;
  readonly maxAbsErr: number;
  /** Index of the worst element on each axis. */
  readonly at: string;
}

/** Compares an array with what its quantised form stands for. @throws ShapeError for other sizes. */
export function quantisationError(reference: Weights, actual: ArrayLike<number>): QuantisationError {
  if (reference.data.length !== actual.length) {
    throw new ShapeError(`quantisation error: expected ${reference.data.length} elements, got ${actual.length}`);
  }
  let [signal, noise, worst, at] = [0, 0, 0, 0];
  reference.data.forEach((value, i) => {
    const error = Math.abs(actual[i]! - value);
    signal += value * value;
    noise += error * error;
    if (!(error <= worst)) [worst, at] = [error, i];
  });
  return {
    sqnrDb: noise === 0 ? null : 10 * Math.log10(signal / noise),
    maxAbsErr: worst,
    at: describeIndex(at, reference.shape),
  };
}

/** How a layer's weights may be kept: `int8`, a scale for each output channel; `int8-g128`, one for each 128 inputs of it. */
export const weightSchemes = ["bf16", "int8", "int8-g128"] as const;
export type WeightScheme = (typeof weightSchemes)[number];

/** A matrix after a round trip through a scheme. @throws what the scheme refuses. */
export function afterScheme(name: string, weights: Weights, scheme: WeightScheme): Float32Array {
  if (scheme === "bf16") return Float32Array.from(bf16Weights(name, weights).data, bf16ToFloat);
  const options = scheme === "int8" ? {} : { groupSize: 128 };
  return dequantiseInt8(int8Weights(name, weights, options)).data;
}

export interface LayerError extends QuantisationError {
  readonly layer: string;
  readonly scheme: WeightScheme;
  /** Of the weights and their scales. */
  readonly sizeBytes: number;
}

/** Errors of every layer in every scheme, layers in their order. @throws what a scheme refuses, with the layer's name. */
export function quantisationReport(
  layers: ReadonlyMap<string, Weights>,
  schemes: readonly WeightScheme[] = weightSchemes,
): readonly LayerError[] {
  return [...layers].flatMap(([layer, weights]) =>
    schemes.map((scheme) => {
      const error = quantisationError(weights, afterScheme(layer, weights, scheme));
      return { layer, scheme, sizeBytes: sizeOf(weights, scheme), ...error };
    }),
  );
}

/** The report as lines of text. */
export function quantisationReportText(report: readonly LayerError[]): string {
  const rows = report.map(({ layer, scheme, sizeBytes, sqnrDb, maxAbsErr, at }) => [
    layer,
    scheme,
    `${sizeBytes} B`,
    sqnrDb === null ? "exact" : `${sqnrDb.toFixed(1)} dB`,
    `${maxAbsErr.toExponential(2)} at ${at}`,
  ]);
  const lines = [["layer", "weights", "size", "SQNR", "largest error"], ...rows];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function sizeOf({ shape }: Weights, scheme: WeightScheme): number {
  const [inputs = 0, outputs = 0] = shape;
  if (scheme === "bf16") return 2 * inputs * outputs;
  return inputs * outputs + 4 * outputs * (scheme === "int8" ? 1 : inputs / 128);
}
