import { describeShape, elementCount, ShapeError, UsageError } from "@aiekit/core";
import { deviceModel } from "../device-model/device-model.ts";
import type { DesignOptions, InputShape } from "../registry.ts";

/** A shape as a parameter of a design: `1500x384`. */
export const shapeText = (shape: readonly number[]): string => shape.join("x");

/** @throws UsageError for text that is no shape. */
export function parseShape(kernel: string, name: string, text: number | string | undefined): readonly number[] {
  const shape = String(text).split("x").map(Number);
  if (shape.every((size) => Number.isSafeInteger(size) && size >= 1)) return shape;
  throw new UsageError(`${kernel}: parameter ${name}: expected a shape such as 1500x384, got ${text}`);
}

/** Positive integers as a parameter: `1500.448.1`. @throws UsageError for anything else. */
export function parseCounts(kernel: string, name: string, text: number | string | undefined): readonly number[] {
  const counts = String(text).split(".").map(Number);
  if (counts.every((count) => Number.isSafeInteger(count) && count >= 1)) return counts;
  throw new UsageError(`${kernel}: parameter ${name}: expected counts such as 1500.448.1, got ${text}`);
}

export const numberParam = (params: DesignOptions["params"], name: string): number => Number(params[name]);

/** As many columns as the parameter allows and the device has. */
export const columnsOf = (device: string, params: DesignOptions["params"]): number =>
  Math.min(numberParam(params, "columns"), deviceModel(device).columns);

/** @throws ShapeError when the input is missing, of another type, empty, or of more or fewer dimensions. */
export function expectInput(
  kernel: string,
  name: string,
  input: InputShape | undefined,
  { dtypes, dimensions }: { readonly dtypes: readonly string[]; readonly dimensions?: number },
): readonly number[] {
  if (input === undefined) throw new ShapeError(`${kernel}: input ${name} is missing`);
  const got = describeShape(input.dtype, input.shape);
  // A file of floats is rounded to bfloat16 on its way in.
  const taken = [...dtypes, ...(dtypes.includes("bf16") ? ["f32", "f64"] : [])];
  if (!taken.includes(input.dtype)) {
    throw new ShapeError(`${kernel}: input ${name}: expected ${dtypes.join(" or ")}, got ${got}`, {
      hint: dtypes.includes("bf16") ? "give floats: they are rounded to bf16" : `convert the array to ${dtypes[0]}`,
    });
  }
  if (elementCount(input.shape) === 0 || input.shape.length === 0) {
    throw new ShapeError(`${kernel}: input ${name}: expected at least one element and one dimension, got ${got}`);
  }
  if (dimensions !== undefined && input.shape.length !== dimensions) {
    throw new ShapeError(`${kernel}: input ${name}: expected ${dimensions} dimension(s), got ${got}`, {
      hint: "reshape the array",
    });
  }
  return input.shape;
}

export const roundUp = (n: number, unit: number): number => Math.ceil(n / unit) * unit;
