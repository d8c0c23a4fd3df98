import type { KernelFunction } from "./kernel-module.ts";

type Value = number | bigint;

/**
 * A call of `kernel` with these arguments. A function of its own for each number of arguments: spreading a list at every call
 * takes as long as a short copy.
 */
export function bound(kernel: KernelFunction, args: readonly Value[]): () => Value | undefined {
  const [a, b, c, d, e, f, g, h, i] = args as Value[];
  switch (args.length) {
    case 0:
      return () => kernel();
    case 1:
      return () => kernel(a!);
    case 2:
      return () => kernel(a!, b!);
    case 3:
      return () => kernel(a!, b!, c!);
    case 4:
      return () => kernel(a!, b!, c!, d!);
    case 5:
      return () => kernel(a!, b!, c!, d!, e!);
    case 6:
      return () => kernel(a!, b!, c!, d!, e!, f!);
    case 7:
      return () => kernel(a!, b!, c!, d!, e!, f!, g!);
    case 8:
      return () => kernel(a!, b!, c!, d!, e!, f!, g!, h!);
    case 9:
      return () => kernel(a!, b!, c!, d!, e!, f!, g!, h!, i!);
    default:
      return () => kernel(...args);
  }
}
