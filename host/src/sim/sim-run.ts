import { DeviceError } from "@aiekit/core";
import type { MovableMemory } from "@aiekit/sim";
import type { Run, RunReport, RunState, WaitOptions } from "../device.ts";
import type { CheckedArgs } from "../kernel-args.ts";
import { runEnd } from "../run-end.ts";
import { SimBo } from "./sim-bo.ts";

/** The queue of a context, as a run sees it. */
export interface RunQueue {
  enqueue(run: SimRun): void;
  /** Ends a run early: one that waits at once, one that executes as soon as the array has stopped. */
  cancel(run: SimRun, state: "ABORT" | "TIMEOUT", error: Error): void;
}

/** What a run hands to the array: the bytes that the device sees. */
export interface LaunchBytes {
  readonly insts: Uint8Array;
  readonly buffers: readonly Uint8Array[];
  /** Of these, what may lie in the array's own memory. */
  readonly memories?: readonly MovableMemory[];
  /** Milliseconds in which each kernel must return; undefined leaves it to the array. */
  readonly kernelLimitMs: number | undefined;
}

export class SimRun implements Run {
  readonly #queue: RunQueue;
  readonly #args: CheckedArgs;
  /** Of a kernel that has its instructions in an ELF. */
  readonly #insts: Uint8Array | undefined;
  #state: RunState = "NEW";
  #error: Error | undefined;
  #report: RunReport | undefined;
  #ended: Promise<void> = Promise.resolve();
  #markEnded: () => void = () => {};
  #held: SimBo[] = [];
  #timeoutMs: number | undefined;

  constructor(queue: RunQueue, args: CheckedArgs, insts?: Uint8Array) {
    this.#queue = queue;
    this.#args = args;
    this.#insts = insts;
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
    if (this.#state === "QUEUED" || this.#state === "RUNNING") {
      throw new DeviceError(`run: start while it is in flight (state ${this.#state})`, {
        hint: "wait for it first, or create a second run",
      });
    }
    this.#error = undefined;
    this.#report = undefined;
    this.#queue.enqueue(this);
    this.#state = "QUEUED";
    this.#ended = new Promise((resolve) => {
      this.#markEnded = resolve;
    });
    return this;
  }

  async wait(options: WaitOptions = {}): Promise<RunState> {
    if (this.#state === "NEW") throw new DeviceError("run: wait before start");
    this.#timeoutMs = options.timeoutMs;
    await runEnd(() => this.#ended, {
      ...options,
      giveUp: (state, error) => this.#queue.cancel(this, state, error),
      hint: "raise timeoutMs, or run fewer units in a launch; the simulator is slower than the array",
    });
    return this.#state;
  }

  async finish(options: WaitOptions = {}): Promise<RunReport> {
    const state = await this.wait(options);
    if (state === "COMPLETED" && this.#report !== undefined) return this.#report;
    throw this.#error ?? new DeviceError(`run: ended as ${state}`);
  }

  /** Pins the BOs; from here until `settle` they cannot be closed. */
  hold(): void {
    const { instr, data } = this.#args;
    const bos = (instr === undefined ? data : [instr, ...data]).map((bo) => {
      if (!(bo instanceof SimBo)) throw new DeviceError("run: an argument is a BO of another device");
      bo.checkOpen("run");
      return bo;
    });
    for (const bo of bos) bo.acquire();
    this.#held = bos;
  }

  begin(): LaunchBytes {
    this.#state = "RUNNING";
    const memories = this.#insts === undefined ? this.#held.slice(1) : this.#held;
    const buffers = memories.map((bo) => bo.bytes);
    const insts = this.#insts ?? this.#held[0]!.bytes.slice(0, this.#args.instrBytes);
    // No timer goes off while a kernel runs on this thread: its own limit must end it.
    return { insts, buffers, memories, kernelLimitMs: this.#timeoutMs };
  }

  settle(state: "COMPLETED" | "ERROR" | "ABORT" | "TIMEOUT", outcome: { error?: Error; report?: RunReport }): void {
    const isOver = !outcome.report?.array?.openTransfers.length;
    for (const bo of this.#held.splice(0)) bo.release({ stays: !isOver });
    this.#state = state;
    this.#error = outcome.error;
    this.#report = outcome.report;
    this.#markEnded();
  }
}
