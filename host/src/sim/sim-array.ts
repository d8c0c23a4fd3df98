import { AieArray, type AieArrayOptions, type ArrayConfig, parseArrayConfig } from "@aiekit/sim";
import type { SimImage, TxnStream } from "@aiekit/xclbin";
import { checkBuffers, readInstructions } from "../instruction-check.ts";
import { DecodedCache } from "./decoded-cache.ts";
import type { ConfiguredArray } from "./sim-context.ts";

/** A design and late instruction streams as they were parsed: what arrays learn of them is found again by these objects. */
interface ParsedImage {
  readonly config: ArrayConfig;
  readonly streams: DecodedCache<TxnStream>;
}

/** Contexts of one xclbin come and go, and parsing takes longer than most launches. */
const parsed = new WeakMap<SimImage, ParsedImage>();

/**
 * An array configured as the image says: lowered design and the cores' programs.
 * @throws DesignError, BudgetError or a parse error for an image that no build makes.
 */
export async function configureArray(image: SimImage, options: AieArrayOptions = {}): Promise<ConfiguredArray> {
  const known = parsed.get(image) ?? parseImage(image);
  parsed.set(image, known);
  const { config, streams } = known;
  const modules = new Map(
    image.cores.map(({ col, row, module }): [string, Uint8Array] => [`${col},${row}`, image.modules[module]!]),
  );
  const array = new AieArray(config, modules, options);
  const { clockHz } = config.device;
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

function parseImage(image: SimImage): ParsedImage {
  return { config: parseArrayConfig(image.loweredMlir, "lowered.mlir"), streams: new DecodedCache<TxnStream>() };
}
