import { DeviceError, FormatError } from "@aiekit/core";
import { decodeTxn, type TxnStream } from "@aiekit/xclbin";
import type { NpuGeneration } from "../device.ts";
import { checkBuffers, syncHint } from "../instruction-check.ts";
import type { XrtBo } from "./xrt-bo.ts";

/** What was checked, so that runs with the same instructions are not checked again. */
interface Checked {
  readonly syncs: number;
  readonly bytes: number;
  readonly buffers: number;
}

/**
 * Looks at a run's instructions before they reach the NPU, once for each sync of their BO. Hardware says nothing of these
 * mistakes: it executes noise, or reads and writes address 0.
 */
export class InstructionGuard {
  readonly #generation: NpuGeneration;
  readonly #checked = new WeakMap<XrtBo, Checked>();

  constructor(generation: NpuGeneration) {
    this.#generation = generation;
  }

  /** @throws DeviceError for instructions that were never synced, use BOs that the run lacks, or are for another NPU. */
  check(instr: XrtBo, bytes: number, buffers: number): void {
    const syncs = instr.syncsToDevice;
    const known = this.#checked.get(instr);
    if (known?.syncs === syncs && known.bytes === bytes && known.buffers === buffers) return;
    if (syncs === 0) {
      throw new DeviceError("run: the device sees no instruction stream: its BO was never synced", { hint: syncHint });
    }
    const stream = readable(instr.read({ sizeBytes: bytes }));
    if (stream !== undefined) {
      checkBuffers(stream, buffers);
      checkGeneration(stream, this.#generation);
    }
    this.#checked.set(instr, { syncs, bytes, buffers });
  }
}

/** @throws DeviceError for instructions of npu2 on npu1. Tools of 2025 wrote npu1's generation, 3, for npu2 as well; none wrote 4 for npu1. */
export function checkGeneration(stream: TxnStream, generation: NpuGeneration): void {
  if (stream.deviceGeneration !== 4 || generation !== "npu1") return;
  throw new DeviceError("run: the instructions are for npu2, the device is npu1", {
    hint: "build the kernel for this device: aiekit build KERNEL --target npu1",
  });
}

/** Undefined for a version that this program does not know: the firmware may. @throws DeviceError for noise. */
function readable(insts: Uint8Array): TxnStream | undefined {
  try {
    return decodeTxn(insts, "instruction BO");
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    if (/version/.test(cause.message)) return undefined;
    throw new DeviceError(`run: the device sees no instruction stream: ${cause.message}`, { cause, hint: syncHint });
  }
}
