import { AbortedError, DeviceError } from "@aiekit/core";
import { SimFault, siliconModel } from "@aiekit/sim";
import type { ArrayTime, HwContext, Kernel, ModelledTime, Runlist, RunReport } from "../device.ts";
import type { OwnsBo } from "../kernel-args.ts";
import { findKernel, type KernelMetadata, kernelOf, moduleKernelOf, readInstructionElf } from "../kernel-of.ts";
import { RunSequence } from "../run-sequence.ts";
import { type LaunchBytes, type RunQueue, SimRun } from "./sim-run.ts";

interface ArrayRunReport extends Pick<RunReport, "array" | "warnings"> {
  readonly modelled: ArrayTime | undefined;
}

/** The columns that a context configured; its locks, memories and DMAs keep their state from run to run. */
export interface ConfiguredArray {
  run(launch: LaunchBytes & { readonly signal: AbortSignal }): Promise<ArrayRunReport>;
  close(): void;
}

interface SimContextOptions {
  readonly uuid: string;
  readonly kernels: readonly KernelMetadata[];
  /** Configures the columns afresh: for the first run, and again after one that did not complete. */
  readonly configure: () => Promise<ConfiguredArray>;
  /** True when the run that comes finds another context's configuration in its columns. */
  readonly beforeRun: (context: SimContext) => boolean;
  readonly onClose: (context: SimContext) => void;
  readonly owns: OwnsBo;
}

/** How a run ended that did not complete, and why. */
interface Failure {
  readonly state: "ERROR" | "ABORT" | "TIMEOUT";
  readonly error: Error;
}

/**
 * Columns of the simulated array and their queue of runs. After a run that did not complete, what is queued behind it
 * ends as ABORT and the columns are configured again, as the amdxdna driver does with a context that it had to stop.
 */
export class SimContext implements HwContext, RunQueue {
  readonly uuid: string;
  readonly kernels: readonly string[];
  readonly #options: SimContextOptions;
  readonly #queue: SimRun[] = [];
  #array: ConfiguredArray | undefined;
  #executing: { readonly run: SimRun; readonly stop: AbortController } | undefined;
  #draining: Promise<void> | undefined;
  #stopReason: Failure | undefined;
  #broken: Error | undefined;
  #closed = false;

  constructor(options: SimContextOptions) {
    this.#options = options;
    this.uuid = options.uuid;
    this.kernels = options.kernels.map((kernel) => kernel.name);
  }

  /** Loads the columns, for the first time or again. */
  async configure(): Promise<void> {
    this.#array?.close();
    this.#array = undefined;
    this.#array = await this.#options.configure();
  }

  kernel(name: string): Kernel {
    this.#checkOpen("kernel");
    return kernelOf(findKernel(this.#options.kernels, name), {
      createRun: (args) => new SimRun(this, args),
      owns: this.#options.owns,
    });
  }

  moduleKernel(name: string, elf: Uint8Array, elfName = "ELF"): Kernel {
    this.#checkOpen("moduleKernel");
    const read = readInstructionElf(elf, elfName);
    // Its own address patches name the arguments: the relocations are XRT's to apply.
    const insts = read.codes[0]!.text.slice();
    const metadata = findKernel(this.#options.kernels, name);
    return moduleKernelOf(metadata, read, {
      createRun: (args) => new SimRun(this, args, insts),
      owns: this.#options.owns,
    });
  }

  createRunlist(): Runlist {
    this.#checkOpen("createRunlist");
    return new RunSequence({
      own: (run) => run,
      // The queue keeps their order and aborts what follows a failure.
      execute: (runs) => {
        for (const run of runs) run.start();
      },
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const error = new AbortedError("run: its context was closed");
    for (const run of this.#queue.splice(0)) run.settle("ABORT", { error });
    if (this.#executing !== undefined) this.cancel(this.#executing.run, "ABORT", error);
    await this.#draining;
    this.#array?.close();
    this.#array = undefined;
    this.#options.onClose(this);
  }

  enqueue(run: SimRun): void {
    this.#checkOpen("run");
    if (this.#broken !== undefined) {
      throw new DeviceError(`context: it could not be configured again after a failed run: ${this.#broken.message}`, {
        cause: this.#broken,
        hint: "close the context and create another one",
      });
    }
    run.hold();
    this.#queue.push(run);
    this.#draining ??= this.#drain();
  }

  cancel(run: SimRun, state: "ABORT" | "TIMEOUT", error: Error): void {
    const waiting = this.#queue.indexOf(run);
    if (waiting >= 0) {
      this.#queue.splice(waiting, 1);
      run.settle(state, { error });
    } else if (this.#executing?.run === run && this.#stopReason === undefined) {
      this.#stopReason = { state, error };
      this.#executing.stop.abort();
    }
  }

  async #drain(): Promise<void> {
    // The queue moves in a later turn of the event loop: a run that was just started is QUEUED, as on a real device.
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (let run = this.#queue.shift(); run !== undefined; run = this.#queue.shift()) await this.#execute(run);
    this.#draining = undefined;
  }

  async #execute(run: SimRun): Promise<void> {
    const stop = new AbortController();
    this.#executing = { run, stop };
    this.#stopReason = undefined;
    const array = this.#array;
    const startMs = performance.now();
    try {
      if (array === undefined) throw new DeviceError("context: its columns are not configured");
      const switches = this.#options.beforeRun(this);
      const ran = await array.run({ ...run.begin(), signal: stop.signal });
      const wallMs = performance.now() - startMs;
      const modelled = ran.modelled && withOverheads(ran.modelled, switches);
      run.settle("COMPLETED", { report: { array: ran.array, warnings: ran.warnings, wallMs, modelled } });
    } catch (thrown) {
      const reason = this.#stopReason ?? failureOf(thrown);
      for (const next of this.#queue.splice(0)) {
        next.settle("ABORT", { error: new AbortedError(`run: the run before it ended as ${reason.state}`) });
      }
      if (!this.#closed) await this.#configureAgain();
      run.settle(reason.state, { error: reason.error });
    } finally {
      this.#executing = undefined;
    }
  }

  async #configureAgain(): Promise<void> {
    try {
      await this.configure();
    } catch (thrown) {
      this.#broken = asError(thrown);
    }
  }

  #checkOpen(action: string): void {
    if (this.#closed) throw new DeviceError(`context: ${action} after close`);
  }
}

function withOverheads({ cycles, clockHz, seconds }: ArrayTime, switches: boolean): ModelledTime {
  const { launchSeconds, switchSeconds } = siliconModel;
  return { cycles, clockHz, seconds, launchSeconds, switchSeconds: switches ? switchSeconds : 0 };
}

/** What waits or works for ever is what the driver's time limit ends as TIMEOUT; the simulator knows it sooner. */
function failureOf(thrown: unknown): Failure {
  const hangs =
    thrown instanceof SimFault && (thrown.fault.kind === "deadlock" || thrown.fault.kind === "kernel-endless");
  return { state: hangs ? "TIMEOUT" : "ERROR", error: asError(thrown) };
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new DeviceError(`run: ${String(thrown)}`);
}
