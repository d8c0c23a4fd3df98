import { DeviceError } from "@aiekit/core";
import type { Kernel, Run, RunReport, RunState, WaitOptions } from "../device.ts";
import type { CheckedArgs } from "../kernel-args.ts";
import { executeInstructions } from "../kernel-args.ts";
import { runEnd } from "../run-end.ts";
import type { FailedState } from "./command-states.ts";
import type { NativeArg } from "./native-addon.ts";
import { XrtBo } from "./xrt-bo.ts";

/** The queue of a context, as a run sees it. */
export interface RunQueue {
  enqueue(run: XrtRun): void;
  /** Ends the run for its caller; on the NPU it may go on until the driver stops it. */
  giveUp(run: XrtRun, state: "ABORT" | "TIMEOUT", error: Error): void;
}

/** How a launch ended. */
export type RunEnd =
  | { readonly state: "COMPLETED"; readonly report: RunReport }
  | { readonly state: FailedState; readonly error: Error };

export class XrtRun implements Run {
  readonly kernelIndex: number;
  readonly #queue: RunQueue;
  readonly #args: CheckedArgs;
  readonly #flow: Kernel["flow"];
  #state: RunState = "NEW";
  #error: Error | undefined;
  #report: RunReport | undefined;
  #ended: Promise<void> = Promise.resolve();
  #markEnded: () => void = () => {};

  constructor(queue: RunQueue, kernelIndex: number, args: CheckedArgs, flow: Kernel["flow"]) {
    this.#flow = flow;
    this.#queue = queue;
    this.kernelIndex = kernelIndex;
    this.#args = args;
  }

  get state(): RunState {
    return this.#state;
  }

  get error(): Error | undefined {
    return this.#error;
  }

  get report(): RunReport | undefined {
    return this.#report;
  }

  start(): this {
    this.checkStartable();
    this.#queue.enqueue(this);
    return this;
  }

  async wait(options: WaitOptions = {}): Promise<RunState> {
    if (this.#state === "NEW") throw new DeviceError("run: wait before start");
    await runEnd(() => this.#ended, {
      ...options,
      giveUp: (state, error) => this.#queue.giveUp(this, state, error),
      hint: "raise timeoutMs: the driver itself stops a command that hangs after 2 s",
    });
    return this.#state;
  }

  async finish(options: WaitOptions = {}): Promise<RunReport> {
    const state = await this.wait(options);
    if (state === "COMPLETED" && this.#report !== undefined) return this.#report;
    throw this.#error ?? new DeviceError(`run: ended as ${state}`);
  }

  /** @throws DeviceError while a launch of this run is in flight. */
  checkStartable(): void {
    if (!this.isPending) return;
    throw new DeviceError(`run: start while it is in flight (state ${this.#state})`, {
      hint: "wait for it first, or create a second run",
    });
  }

  /** Whether a launch of it has not ended for its caller. */
  get isPending(): boolean {
    return this.#state === "QUEUED" || this.#state === "RUNNING";
  }

  /** Undefined where they are in an ELF. */
  get instr(): { readonly bo: XrtBo; readonly bytes: number } | undefined {
    const { instr, instrBytes } = this.#args;
    return instr === undefined ? undefined : { bo: ownBo(instr), bytes: instrBytes };
  }

  /** BOs of the launch, open ones. */
  bos(): readonly XrtBo[] {
    const { instr, data } = this.#args;
    return (instr === undefined ? data : [instr, ...data]).map((bo) => {
      const own = ownBo(bo);
      own.checkOpen("run");
      own.checkSynced("run");
      return own;
    });
  }

  nativeArgs(): readonly NativeArg[] {
    const natives = this.bos().map((bo) => bo.native);
    if (this.#flow === "full-elf") return natives;
    if (this.#args.instr === undefined) return [executeInstructions, null, null, ...natives];
    const [instr, ...data] = natives;
    return [executeInstructions, instr!, this.#args.instrBytes / 4, ...data];
  }

  markQueued(): void {
    this.#error = undefined;
    this.#report = undefined;
    this.#state = "QUEUED";
    this.#ended = new Promise((resolve) => {
      this.#markEnded = resolve;
    });
  }

  settle(end: RunEnd): void {
    this.#state = end.state;
    if (end.state === "COMPLETED") this.#report = end.report;
    else this.#error = end.error;
    this.#markEnded();
  }
}

function ownBo(bo: unknown): XrtBo {
  if (!(bo instanceof XrtBo)) throw new DeviceError("run: an argument is a BO of another device");
  return bo;
}
