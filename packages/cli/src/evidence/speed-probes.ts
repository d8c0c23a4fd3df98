import { floatToBf16, type Tensor, tensor } from "@aiekit/core";
import { createRandom } from "@aiekit/validate";
import type { Probe } from "./probe.ts";

/** The smallest launch, arrays that are only moved, and products: how long each takes from start to end of its runs. */
export function speedProbes(): readonly Probe[] {
  return [
    {
      ...{ part: "launches", kernel: "add", timedRuns: 30 },
      name: "launch of 1024 sums",
      params: { shape: "1024", columns: 1 },
      inputs: () => ({ a: bf16Noise([1024], 1), b: bf16Noise([1024], 2) }),
      figure: (ms) => `${(ms * 1000).toPrecision(3)} us a launch`,
    },
    ...[1 << 16, 1 << 20].map(moved),
    ...[
      { dtype: "bf16_bf16", n: 256 },
      { dtype: "bf16_bf16", n: 512 },
      { dtype: "i8_i32", n: 512 },
    ].map(product),
  ];
}

function moved(elements: number): Probe {
  const bytes = 3 * 2 * elements;
  return {
    ...{ part: "bandwidth", kernel: "add", timedRuns: 5 },
    name: `two arrays in, one out, ${bytes / 2 ** 10} KiB together`,
    params: { shape: String(elements) },
    inputs: () => ({ a: bf16Noise([elements], 1), b: bf16Noise([elements], 2) }),
    figure: (ms) => `${(bytes / (ms / 1000) / 1e9).toPrecision(3)} GB/s`,
  };
}

function product({ dtype, n }: { readonly dtype: string; readonly n: number }): Probe {
  const operand = (seed: number): Tensor => (dtype.startsWith("i8") ? i8Noise([n, n], seed) : bf16Noise([n, n], seed));
  return {
    ...{ part: "gemm", kernel: "matmul", timedRuns: 3 },
    name: `product ${n}x${n}x${n}, ${dtype}`,
    params: { dtype, shapes: `${n}x${n}x${n}` },
    inputs: () => ({ a: operand(1), b: operand(2) }),
    figure: (ms) => `${((2 * n ** 3) / (ms / 1000) / 1e9).toPrecision(3)} Gop/s`,
  };
}

function bf16Noise(shape: readonly number[], seed: number): Tensor {
  const random = createRandom(seed);
  const count = shape.reduce((all, n) => all * n, 1);
  return tensor(
    "bf16",
    shape,
    Uint16Array.from({ length: count }, () => floatToBf16(random.uniform() * 2 - 1)),
  );
}

function i8Noise(shape: readonly number[], seed: number): Tensor {
  const random = createRandom(seed);
  const count = shape.reduce((all, n) => all * n, 1);
  return tensor(
    "i8",
    shape,
    Int8Array.from({ length: count }, () => Math.floor(random.uniform() * 256) - 128),
  );
}
