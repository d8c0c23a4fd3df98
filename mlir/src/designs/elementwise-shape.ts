import { elementCount, ShapeError } from "@aiekit/core";
import { roundUp } from "./array-shape.ts";

/** How an array is cut up for tiles that take equal numbers of equal objects. */
interface ElementwiseShape {
  readonly shape: readonly number[];
  /** Shape of the host buffer: whole vectors a row, whole objects for every tile. */
  readonly padded: readonly number[];
  readonly elements: number;
  /** Elements of one object, a multiple of `lanes`. */
  readonly object: number;
}

const lanes = 32;
/** 4 KiB of bfloat16: two for each fifo end leave room, and fewer than 1,024 words fit one dimension of a shim BD. */
const mostElements = 2016;

/** Pads the last axis to whole vectors and the first until `tiles` tiles have the same number of vectors. */
export function elementwiseShape(kernel: string, shape: readonly number[], tiles: number): ElementwiseShape {
  const rest = shape.length === 1 ? [] : shape.slice(1);
  if (rest.length > 0) rest[rest.length - 1] = roundUp(rest.at(-1)!, lanes);
  const inner = elementCount(rest);
  const unit = tiles * lanes;
  const padded = [roundUp(shape[0]!, unit / gcd(inner, unit)), ...rest];
  const elements = elementCount(padded);
  if (elements > 2 ** 26) {
    throw new ShapeError(
      `${kernel}: [${shape}] is ${elements} elements with padding, at most ${2 ** 26} fit a launch`,
      {
        hint: "split the first axis",
      },
    );
  }
  return { shape, padded, elements, object: lanes * largestDivisor(elements / unit, mostElements / lanes) };
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

function largestDivisor(n: number, most: number): number {
  for (let divisor = Math.min(n, most); divisor > 1; divisor--) if (n % divisor === 0) return divisor;
  return 1;
}
