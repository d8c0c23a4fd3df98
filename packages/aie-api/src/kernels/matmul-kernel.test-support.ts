import type { TestKernel } from "../kernel.test-support.ts";
import { buildPair } from "./kernel-pair.test-support.ts";

interface MatmulKernelOptions {
  /** Operands: names the source and its functions. */
  readonly type: "i8" | "bf16" | "bf16xi8" | "i16" | "i16xi8" | "i8g128" | "i16xi8g128";
  readonly tile: { readonly m: number; readonly k: number; readonly n: number };
  readonly arch: 20 | 21;
  /** C++ type of the results. */
  readonly out: string;
  readonly takesResidual: boolean;
  /** Rows of words for the columns, where the source asks. */
  readonly rows?: number;
  /** Where the scalar meaning is; matmul_ref.h when left out. */
  readonly header?: string;
  /** C functions around those of the header, and their names. */
  readonly reference: string;
  readonly referenceExports: readonly string[];
}

/** The functions of one matmul tile and their scalar meaning, built for one type of results. */
export async function buildMatmulKernel(options: MatmulKernelOptions): Promise<TestKernel> {
  const { type, tile, arch, out, takesResidual, referenceExports } = options;
  const { header = "matmul/matmul_ref.h", reference } = options;
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
      ...(options.rows === undefined ? [] : [`MATMUL_ROWS=${options.rows}`]),
    ],
    reference: `#include "${header}"\n${reference}`,
    referenceExports,
  });
  return kernel;
}
