import { AieArray, parseArrayConfig } from "@aiekit/sim";
import type { SimImage } from "@aiekit/xclbin";
import { checkBuffers, readInstructions } from "../instruction-check.ts";
import type { ConfiguredArray } from "./sim-context.ts";

/**
 * An array configured as the image says: lowered design and the cores' programs.
 * @throws DesignError, BudgetError or a parse error for an image that no build makes.
 */
export async function configureArray(
  image: SimImage,
  { threads }: { readonly threads?: number | undefined } = {},
): Promise<ConfiguredArray> {
  const config = parseArrayConfig(image.loweredMlir, "lowered.mlir");
  const modules = new Map(
    image.cores.map(({ col, row, module }): [string, Uint8Array] => [`${col},${row}`, image.modules[module]!]),
  );
  const array = new AieArray(config, modules, threads === undefined ? {} : { threads });
  const { clockHz } = config.device;
  return {
    async run({ insts, buffers, signal, kernelLimitMs }) {
      checkBuffers(readInstructions(insts), buffers.length);
      const { cycles, warnings } = await array.run({
        insts,
        buffers,
        signal,
        ...(kernelLimitMs !== undefined && { kernelLimitMs }),
      });
      return { modelled: { cycles, clockHz, seconds: cycles / clockHz }, warnings };
    },
    close: () => array.close(),
  };
}
