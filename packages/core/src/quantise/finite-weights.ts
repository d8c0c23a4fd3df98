import { FormatError, ShapeError } from "../errors.ts";
import { describeShape, type Tensor } from "../tensor.ts";

/** Weights as they come from a file: float32, row-major. */
export type Weights = Tensor<"f32">;

/** @throws FormatError that names the first weight that is NaN or infinite, by its index on each axis. */
export function checkFinite(name: string, weights: Weights): void {
  const at = weights.data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new FormatError(
    `${name}: weight ${describeIndex(at, weights.shape)} is ${weights.data[at]}, expected a number`,
    {
      hint: "the file is damaged, or the model was not trained to its end; nothing is replaced silently",
    },
  );
}

/** Rows and columns of a matrix. @throws ShapeError for another rank or an empty axis. */
export function matrixSizes(
  name: string,
  { dtype, shape }: Tensor,
): { readonly rows: number; readonly columns: number } {
  const [rows = 0, columns = 0] = shape;
  if (shape.length === 2 && rows > 0 && columns > 0) return { rows, columns };
  throw new ShapeError(`${name}: expected a matrix [inputs, outputs], got ${describeShape(dtype, shape)}`);
}

/** `[3, 17]` for a position in row-major order. */
export function describeIndex(at: number, shape: readonly number[]): string {
  const index: number[] = [];
  let rest = at;
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `[${index.join(", ")}]`;
}
