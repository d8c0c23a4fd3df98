import { DeviceError, FormatError } from "@aiekit/core";
import { AieArray, parseArrayConfig } from "@aiekit/sim";
import { decodeTxn, type SimImage, type TxnStream } from "@aiekit/xclbin";
import { firstDataArgIndex } from "../kernel-args.ts";
import type { ConfiguredArray } from "./sim-context.ts";

/**
 * An array configured as the image says: lowered design and the cores' programs.
 * @throws DesignError, BudgetError or a parse error for an image that no build makes.
 */
export async function configureArray(image: SimImage): Promise<ConfiguredArray> {
  const config = parseArrayConfig(image.loweredMlir, "lowered.mlir");
  const modules = new Map(
    image.cores.map(({ col, row, module }): [string, Uint8Array] => [`${col},${row}`, image.modules[module]!]),
  );
  const array = new AieArray(config, modules);
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

/** What a BO holds that nobody synced is noise, and the usual reason why it is no instruction stream. */
function readInstructions(insts: Uint8Array): TxnStream {
  try {
    return decodeTxn(insts, "instruction BO");
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new DeviceError(`run: the device sees no instruction stream: ${cause.message}`, {
      cause,
      hint: 'after writing the instructions call sync("toDevice") on their BO, and pass their length in words',
    });
  }
}

/** XRT accepts too few BOs silently, and the array then reads and writes address 0. */
function checkBuffers({ ops }: TxnStream, given: number): void {
  const highest = ops.reduce((most, op) => (op.op === "addressPatch" ? Math.max(most, op.argIndex) : most), -1);
  if (highest < given) return;
  throw new DeviceError(`run: the instructions use bo0 to bo${highest}, the run has ${given} BO(s) for data`, {
    hint: `pass bo${highest} to kernel.run as argument ${highest + firstDataArgIndex}`,
  });
}
