import { setTimeout } from "node:timers/promises";
import { DeviceError } from "@aiekit/core";
import { SimFault } from "@aiekit/sim";
import { decodeSimImage, isSimImage, type SimImage } from "@aiekit/xclbin";
import { configureArray } from "../sim/sim-array.ts";
import type { ConfiguredArray } from "../sim/sim-context.ts";
import type { DeviceMemory, MemoryRange } from "./device-memory.ts";
import { type AddressedRange, partsOf } from "./patched-launch.ts";

/** One execution of an instruction stream, in places of the device's memory. */
export interface EmulatedLaunch {
  readonly insts: MemoryRange;
  /** BOs by argument; of a patched stream, which has their addresses in it, all that the process has. */
  readonly buffers: readonly AddressedRange[];
  readonly patched: boolean;
}

/** How a command ended: a state of XRT, and for a chain the launch that failed. */
interface CommandEnd {
  readonly state: number;
  readonly index: number;
}

// ert.h: ERT_CMD_STATE_COMPLETED, ERROR, ABORT, TIMEOUT.
const commandStates = { completed: 4, error: 5, abort: 6, timeout: 8 } as const;

// The driver stops a command after tdr_timeout_ms = 2000, and ends what was submitted behind it until then. In naps, so that
// a machine that stands still meanwhile takes one of them from the programs on it, not their time to submit.
const [naps, napMs] = [20, 100];

/**
 * Columns of the emulated NPU. Commands execute in order; after one that did not complete the columns are configured
 * again, and after a TIMEOUT what was submitted behind it ends as ABORT, as the amdxdna driver does it.
 */
export class EmulatedContext {
  readonly #memory: DeviceMemory;
  readonly #onFault: (text: string) => void;
  #image: SimImage | undefined;
  #array: ConfiguredArray | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = new AbortController();
  /** Commands of an earlier generation were submitted before the last TIMEOUT. */
  #generation = 0;

  constructor(memory: DeviceMemory, onFault: (text: string) => void) {
    this.#memory = memory;
    this.#onFault = onFault;
  }

  /** Configures the columns by the bytes of a PDI. @throws DeviceError when they are not for the simulator. */
  async configure(pdi: Uint8Array): Promise<void> {
    if (!isSimImage(pdi)) {
      throw new DeviceError("the PDI is for hardware; the emulated NPU executes builds for the simulator", {
        hint: "build the kernel for the simulator: aiekit build KERNEL --target sim",
      });
    }
    this.#image = decodeSimImage(pdi, "PDI");
    await this.#configureAgain();
  }

  /** Executes launches one after the other, up to the first that fails. */
  execute(launches: readonly EmulatedLaunch[]): Promise<CommandEnd> {
    const generation = this.#generation;
    const result = this.#turn.then(() => this.#execute(launches, generation));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  close(): void {
    this.#closed.abort();
    void this.#turn.then(() => this.#array?.close());
  }

  async #execute(launches: readonly EmulatedLaunch[], generation: number): Promise<CommandEnd> {
    for (const [index, launch] of launches.entries()) {
      if (this.#closed.signal.aborted || generation !== this.#generation) return { state: commandStates.abort, index };
      try {
        await this.#launch(launch);
      } catch (error) {
        const hangs = error instanceof SimFault && ["deadlock", "kernel-endless"].includes(error.fault.kind);
        this.#onFault((error as Error).message);
        if (hangs) {
          for (let nap = 0; nap < naps; nap++) await setTimeout(napMs);
          this.#generation++;
        }
        if (!this.#closed.signal.aborted) await this.#configureAgain();
        return { state: hangs ? commandStates.timeout : commandStates.error, index };
      }
    }
    return { state: commandStates.completed, index: 0 };
  }

  async #launch({ insts, buffers, patched }: EmulatedLaunch): Promise<void> {
    const bytes = this.#memory.read(insts);
    if (!patched) return this.#run(bytes, buffers);
    for (const part of partsOf(bytes, buffers)) {
      if (part.pdi !== undefined) await this.configure(this.#memory.read(part.pdi));
      await this.#run(part.insts, part.buffers);
    }
  }

  async #run(insts: Uint8Array, buffers: readonly MemoryRange[]): Promise<void> {
    if (this.#array === undefined) throw new DeviceError("the context's columns were never configured");
    const before = buffers.map((range) => this.#memory.read(range));
    // The array reads and writes whole words; a BO may end between them.
    const after = before.map((bytes) => {
      const words = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
      words.set(bytes);
      return words;
    });
    await this.#array.run({
      insts,
      buffers: after,
      signal: this.#closed.signal,
      kernelLimitMs: undefined,
    });
    buffers.forEach(({ offset, bytes }, i) => {
      this.#memory.writeChanges(offset, before[i]!, after[i]!.subarray(0, bytes));
    });
  }

  async #configureAgain(): Promise<void> {
    this.#array?.close();
    this.#array = undefined;
    if (this.#image !== undefined) this.#array = await configureArray(this.#image);
  }
}
