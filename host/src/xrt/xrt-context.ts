import { AbortedError, DeviceError } from "@aiekit/core";
import { type ControlCode, decodeTxn } from "@aiekit/xclbin";
import type { HwContext, Kernel, NpuGeneration, Run, Runlist } from "../device.ts";
import type { OwnsBo } from "../kernel-args.ts";
import {
  findKernel,
  fullElfKernelName,
  fullElfKernelOf,
  type KernelMetadata,
  kernelOf,
  moduleKernelOf,
  type RunMaker,
  readInstructionElf,
} from "../kernel-of.ts";
import { RunSequence } from "../run-sequence.ts";
import { type FailedState, runStateOf, stateHints } from "./command-states.ts";
import { checkGeneration, InstructionGuard } from "./instruction-guard.ts";
import type { NativeContext, NativeFailure } from "./native-addon.ts";
import { type PooledRun, RunPool } from "./run-pool.ts";
import type { XrtBo } from "./xrt-bo.ts";
import { XrtError, xrtError } from "./xrt-error.ts";
import { type RunQueue, XrtRun } from "./xrt-run.ts";

export interface XrtContextOptions {
  readonly uuid: string;
  readonly native: NativeContext;
  readonly kernels: readonly KernelMetadata[];
  /** Of a full ELF, in the order of the native kernels; undefined in a context of an xclbin. */
  readonly codes?: readonly ControlCode[];
  readonly generation: NpuGeneration;
  readonly hasModuleFlow: boolean;
  readonly onClose: (context: XrtContext) => void;
  readonly owns: OwnsBo;
}

/** One submission: a run, or a list of runs. */
interface Job {
  readonly runs: readonly XrtRun[];
  readonly bos: readonly XrtBo[];
  readonly taken: readonly PooledRun[];
}

// The driver stops a command after tdr_timeout_ms = 2000 and the firmware answers within 5000.
const closeLimitMs = 8000;

/**
 * A hardware context and its runs, in order. A run that its caller gave up may go on: XRT cannot stop it, and would end
 * the process if it were freed. Its BOs stay pinned, and nothing new is started, until the driver has ended it.
 */
export class XrtContext implements HwContext, RunQueue {
  readonly uuid: string;
  readonly kernels: readonly string[];
  readonly #options: XrtContextOptions;
  readonly #guard: InstructionGuard;
  readonly #pool: RunPool;
  readonly #jobs = new Map<number, Job>();
  /** Jobs that were given up and that the driver has not ended. */
  readonly #givenUp = new Set<number>();
  #nextJob = 1;
  #closing: Promise<void> | undefined;
  #onIdle: () => void = () => {};

  constructor(options: XrtContextOptions) {
    this.#options = options;
    this.uuid = options.uuid;
    this.kernels = options.codes?.map(fullElfKernelName) ?? options.kernels.map((kernel) => kernel.name);
    this.#guard = new InstructionGuard(options.generation);
    this.#pool = new RunPool(options.native);
    options.native.setOnEnd((...end) => this.#ended(...end));
  }

  kernel(name: string): Kernel {
    this.#checkOpen("kernel");
    const { codes } = this.#options;
    if (codes !== undefined) {
      const named = codes.map((code) => ({ name: fullElfKernelName(code), code }));
      const found = findKernel(named, name);
      return fullElfKernelOf(found.code, this.#runsOf(named.indexOf(found), "full-elf"));
    }
    const metadata = findKernel(this.#options.kernels, name);
    const index = this.#options.kernels.indexOf(metadata);
    return kernelOf(metadata, this.#runsOf(index, "insts"));
  }

  moduleKernel(name: string, elf: Uint8Array, elfName = "ELF"): Kernel {
    this.#checkOpen("moduleKernel");
    if (this.#options.codes !== undefined) throw new DeviceError("context: moduleKernel in a context of a full ELF");
    if (!this.#options.hasModuleFlow) {
      throw new DeviceError("context: this XRT runs no instructions from ELFs (its module flow is missing)", {
        hint: "install a newer XRT and build the addon again, or use the instruction stream: flow insts",
      });
    }
    const read = readInstructionElf(elf, elfName);
    checkGeneration(decodeTxn(read.codes[0]!.text, elfName), this.#options.generation);
    const metadata = findKernel(this.#options.kernels, name);
    try {
      const index = this.#options.native.moduleKernel(name, elf);
      return moduleKernelOf(metadata, read, this.#runsOf(index, "elf"));
    } catch (thrown) {
      throw xrtError(`${elfName}: module`, thrown);
    }
  }

  #runsOf(kernelIndex: number, flow: Kernel["flow"]): RunMaker {
    return { createRun: (args) => new XrtRun(this, kernelIndex, args, flow), owns: this.#options.owns };
  }

  createRunlist(): Runlist {
    this.#checkOpen("createRunlist");
    // The driver gets them as chains of commands: one wait, and fewer calls, for many launches.
    return new RunSequence({ own: ownRun, execute: (runs) => this.#submit(runs) });
  }

  enqueue(run: XrtRun): void {
    this.#submit([run]);
  }

  giveUp(run: XrtRun, state: "ABORT" | "TIMEOUT", error: Error): void {
    const found = [...this.#jobs].find(([, job]) => job.runs.includes(run));
    if (found === undefined || !run.isPending) return;
    const [id, { runs }] = found;
    if (!this.#drop(id)) this.#givenUp.add(id);
    const behind = new AbortedError(`run: the run before it ended as ${state}`);
    for (const other of runs) if (other.isPending) other.settle({ state, error: other === run ? error : behind });
    // What waits behind it in the queue would run on what it leaves.
    for (const later of [...this.#jobs.keys()]) {
      if (later <= id) continue;
      const waiting = this.#jobs.get(later)!.runs;
      if (this.#drop(later)) for (const other of waiting) other.settle({ state: "ABORT", error: behind });
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const error = new AbortedError("run: its context was closed");
    for (const { runs } of [...this.#jobs.values()]) {
      for (const run of runs) if (run.isPending) this.giveUp(run, "ABORT", error);
    }
    this.#options.onClose(this);
    this.#pool.clear();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), closeLimitMs);
    });
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      if (this.#jobs.size === 0) resolve();
    });
    // What is still in flight when the context is closed keeps it, and frees it at its end.
    const closed = Promise.race([idle, late]).then(() => this.#options.native.close());
    const result = await Promise.race([Promise.all([closed, idle]), late]).finally(() => clearTimeout(timer));
    if (result === "late") {
      throw new DeviceError(`context: close: a command is still in flight after ${closeLimitMs / 1000} s`, {
        hint: "its memory stays until it ends; end this process, and look at: sudo dmesg | grep amdxdna",
      });
    }
  }

  #submit(runs: readonly XrtRun[]): void {
    this.#checkOpen("run");
    if (this.#givenUp.size > 0) {
      throw new DeviceError("context: a run that was given up is still in flight on the NPU", {
        hint: "the driver ends it, by default after 2 s; then runs can be started again, or close the context",
      });
    }
    for (const run of runs) run.checkStartable();
    const bos = runs.flatMap((run) => run.bos());
    const refused = this.#refusal(runs);
    for (const run of runs) run.markQueued();
    if (refused !== undefined) {
      const error = new AbortedError("run: another run of its list was refused");
      for (const run of runs) {
        run.settle(run === refused.run ? { state: "ERROR", error: refused.error } : { state: "ABORT", error });
      }
      return;
    }
    const id = this.#nextJob++;
    try {
      const taken = runs.map((run) => this.#pool.take(run));
      const natives = taken.map(({ native }) => native);
      this.#options.native.start(id, natives.length === 1 ? natives[0]! : natives);
      for (const bo of bos) bo.acquire();
      this.#jobs.set(id, { runs, bos, taken });
    } catch (thrown) {
      const error = xrtError("run", thrown);
      for (const run of runs) run.settle({ state: "ERROR", error });
    }
  }

  /** The first run whose instructions the NPU must not get, and why. */
  #refusal(runs: readonly XrtRun[]): { readonly run: XrtRun; readonly error: Error } | undefined {
    for (const run of runs) {
      // Those in an ELF were checked when their kernel was made.
      if (run.instr === undefined) continue;
      const { bo, bytes } = run.instr;
      try {
        this.#guard.check(bo, bytes, run.bos().length - 1);
      } catch (error) {
        return { run, error: error as Error };
      }
    }
    return undefined;
  }

  /** Takes back a job that was not submitted; false when it was. */
  #drop(id: number): boolean {
    if (!this.#options.native.cancel(id)) return false;
    this.#release(id);
    return true;
  }

  #release(id: number): void {
    const job = this.#jobs.get(id);
    for (const bo of job?.bos ?? []) bo.release();
    for (const pooled of job?.taken ?? []) pooled.giveBack(this.#closing === undefined);
    this.#jobs.delete(id);
    if (this.#jobs.size === 0) this.#onIdle();
  }

  #ended(id: number, ertState: number, index: number, wallMs: number, failure: NativeFailure | undefined): void {
    const runs = this.#jobs.get(id)?.runs ?? [];
    this.#release(id);
    if (this.#givenUp.delete(id)) return;
    const report = { wallMs, modelled: undefined, warnings: [] };
    const state = runStateOf(ertState);
    runs.forEach((run, i) => {
      if (!run.isPending) return;
      if (state === "COMPLETED" || i < index) run.settle({ state: "COMPLETED", report });
      else if (i === index) run.settle({ state, error: runError(state, failure!) });
      else run.settle({ state: "ABORT", error: new AbortedError(`run: the run before it ended as ${state}`) });
    });
  }

  #checkOpen(action: string): void {
    if (this.#closing !== undefined) throw new DeviceError(`context: ${action} after close`);
  }
}

function runError(state: FailedState, failure: NativeFailure): Error {
  return new XrtError(`run: ended as ${state}`, failure, stateHints[state]);
}

function ownRun(run: Run): XrtRun {
  if (!(run instanceof XrtRun)) throw new DeviceError("runlist: a run of another device");
  return run;
}
