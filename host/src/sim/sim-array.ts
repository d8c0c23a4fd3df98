import { AieArray, type AieArrayOptions, type ArrayConfig, parseArrayConfig } from "@aiekit/sim";
import type { SimImage, TxnStream } from "@aiekit/xclbin";
import { checkBuffers, readInstructions } from "../instruction-check.ts";
import { DecodedCache } from "./decoded-cache.ts";
import type { ConfiguredArray } from "./sim-context.ts";

/** Designs as they were parsed: contexts of one xclbin come and go, and parsing takes longer than most launches. */
const parsed = new WeakMap<SimImage, ArrayConfig>();

/**
 * An array configured as the image says: lowered design and the cores' programs.
 * @throws DesignError, BudgetError or a parse error for an image that no build makes.
 */
export async function configureArray(image: SimImage, options: AieArrayOptions = {}): Promise<ConfiguredArray> {
  const config = parsed.get(image) ?? parseArrayConfig(image.loweredMlir, "lowered.mlir");
  parsed.set(image, config);
  const modules = new Map(
    image.cores.map(({ col, row, module }): [string, Uint8Array] => [`${col},${row}`, image.modules[module]!]),
  );
  const array = new AieArray(config, modules, options);
  const { clockHz } = config.device;
  const streams = new DecodedCache<TxnStream>();
  return {
    async run({ insts, buffers, memories, signal, kernelLimitMs }) {
      const stream = streams.read(insts, readInstructions);
      checkBuffers(stream, buffers.length);
      const report = await array.run({ insts: stream, buffers, ...(memories && { memories }), signal, kernelLimitMs });
      const { cycles, warnings } = report;
      return { array: report, modelled: { cycles, clockHz, seconds: cycles / clockHz }, warnings };
    },
    close: () => array.close(),
  };
}
