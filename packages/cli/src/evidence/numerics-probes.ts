import { floatToBf16, type RoundingMode, roundingModes, type Tensor, tensor } from "@aiekit/core";
import { createRandom } from "@aiekit/validate";
import type { Probe } from "./probe.ts";

/**
 * Questions about the arithmetic of the array: which way float32 is rounded to bfloat16 in each mode, in which order a
 * dot product is summed, and what exp gives for every argument that matters.
 */
export function numericsProbes(): readonly Probe[] {
  const modes = Object.keys(roundingModes) as RoundingMode[];
  const rounding = modes.map((mode) => ({
    ...({ part: "numerics", kernel: "transpose", timedRuns: 0 } as const),
    name: `rounding of float32 to bfloat16, ${mode}`,
    params: { rows: 64, cols: 64, rounding: mode },
    inputs: () => ({ x: roundingVectors(64, 64) }),
  }));
  const others: readonly Probe[] = [
    {
      ...{ part: "numerics", kernel: "matmul", timedRuns: 0 },
      name: "order of accumulation, bfloat16 into float32",
      params: { dtype: "bf16_f32", shapes: "64x512x64" },
      inputs: orderVectors,
    },
    {
      ...{ part: "numerics", kernel: "softmax", timedRuns: 0 },
      name: "exp in softmax, arguments from -96 to 0",
      params: { rows: 64, cols: 64 },
      inputs: () => ({ x: expVectors(64, 64) }),
    },
    {
      ...{ part: "numerics", kernel: "gelu", timedRuns: 0 },
      name: "gelu of every bfloat16",
      params: { shape: "256x256" },
      inputs: () => ({
        x: tensor(
          "bf16",
          [256, 256],
          Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits),
        ),
      }),
    },
  ];
  return [...rounding, ...others];
}

/** Just below, at and just above what lies between two bfloat16, for every exponent; then zeros, infinities and NaN. */
function roundingVectors(rows: number, cols: number): Tensor {
  const random = createRandom(1);
  const tails = [0x0000, 0x0001, 0x7fff, 0x8000, 0x8001, 0xffff];
  const special = [0x00000000, 0x80000000, 0x00000001, 0x807fffff, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000];
  const bits = Uint32Array.from({ length: rows * cols }, (_, i) => {
    if (i < special.length) return special[i]!;
    if (i === special.length) return 0x7fc00000;
    const exponent = i % 255;
    const sign = (i >> 8) & 1;
    const mantissa = Math.floor(random.uniform() * 128);
    return ((sign << 31) | (exponent << 23) | (mantissa << 16) | tails[i % tails.length]!) >>> 0;
  });
  return tensor("f32", [rows, cols], new Float32Array(bits.buffer));
}

/** Terms of 24 binary orders of magnitude, of both signs: another order of summing gives other last bits. */
function orderVectors(): Readonly<Record<string, Tensor>> {
  const random = createRandom(2);
  const wide = () => floatToBf16((random.uniform() * 2 - 1) * 2 ** Math.floor(random.uniform() * 24 - 12));
  const signs = () => floatToBf16(random.uniform() < 0.5 ? -1 : 1);
  return {
    a: tensor("bf16", [64, 512], Uint16Array.from({ length: 64 * 512 }, wide)),
    b: tensor("bf16", [512, 64], Uint16Array.from({ length: 512 * 64 }, signs)),
  };
}

/** Each row has one 0, its maximum, so that what the kernel takes exp of are the row's other numbers as they are. */
function expVectors(rows: number, cols: number): Tensor {
  const count = rows * cols;
  const data = Uint16Array.from({ length: count }, (_, i) => (i % cols === 0 ? 0 : floatToBf16((-96 * i) / count)));
  return tensor("bf16", [rows, cols], data);
}
