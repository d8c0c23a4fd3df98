import type { TestKernel } from "../kernel.test-support.ts";
import { buildPair } from "./kernel-pair.test-support.ts";

export interface MatmulKernelOptions {
  /** Operands: names the source and its functions. */
  readonly type: "i8" | "bf16";
  readonly tile: { readonly m: number; readonly k: number; readonly n: number };
  readonly arch: 20 | 21;
  /** C++ type of the results. */
  readonly out: string;
  readonly takesResidual: boolean;
  /** C functions around those of matmul_ref.h, and their names. */
  readonly reference: string;
  readonly referenceExports: readonly string[];
}

/** The functions of one matmul tile and their scalar meaning, built for one type of results. */
export async function buildMatmulKernel(options: MatmulKernelOptions): Promise<TestKernel> {
  const { type, tile, arch, out, takesResidual, reference, referenceExports } = options;
  const activates = takesResidual && type === "bf16";
  const functions = [
    "step",
    "channels",
    "store",
    ...(takesResidual ? ["store_residual"] : []),
    ...(activates ? ["activate"] : []),
  ];
  const { kernel } = await buildPair({
    file: `kernels/matmul/matmul_${type}.cc`,
    exports: functions.map((name) => `matmul_${name}_${type}`),
    arch,
    defines: [
      `MATMUL_M=${tile.m}`,
      `MATMUL_K=${tile.k}`,
      `MATMUL_N=${tile.n}`,
      `MATMUL_OUT=${out}`,
      `MATMUL_RESIDUAL=${takesResidual ? 1 : 0}`,
    ],
    reference: `#include "matmul/matmul_ref.h"\n${reference}`,
    referenceExports,
  });
  return kernel;
}
