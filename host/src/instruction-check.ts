import { DeviceError, FormatError } from "@aiekit/core";
import { decodeTxn, type TxnStream } from "@aiekit/xclbin";
import { firstDataArgIndex } from "./kernel-args.ts";

/**
 * Reads what the device sees as instructions. What a BO holds that nobody synced is noise, and the usual reason why it
 * is no instruction stream.
 * @throws DeviceError with the call that is missing.
 */
export function readInstructions(insts: Uint8Array): TxnStream {
  try {
    return decodeTxn(insts, "instruction BO");
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new DeviceError(`run: the device sees no instruction stream: ${cause.message}`, { cause, hint: syncHint });
  }
}

/** What to do where instructions are noise. */
export const syncHint =
  'after writing the instructions call sync("toDevice") on their BO, and pass their length in words';

/**
 * XRT accepts too few BOs silently, and the array then reads and writes address 0.
 * @throws DeviceError that names the BO that the instructions use and the run does not have.
 */
export function checkBuffers({ ops }: TxnStream, given: number): void {
  const highest = ops.reduce((most, op) => (op.op === "addressPatch" ? Math.max(most, op.argIndex) : most), -1);
  if (highest < given) return;
  throw new DeviceError(`run: the instructions use bo0 to bo${highest}, the run has ${given} BO(s) for data`, {
    hint: `pass bo${highest} to kernel.run as argument ${highest + firstDataArgIndex}`,
  });
}
