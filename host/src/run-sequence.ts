import { DeviceError } from "@aiekit/core";
import type { Run, Runlist, RunState, WaitOptions } from "./device.ts";

interface RunSequenceOptions<R extends Run> {
  /** A run as one of this device. @throws DeviceError for another's. */
  readonly own: (run: Run) => R;
  readonly execute: (runs: readonly R[]) => void;
}

/** Runs of one context, started together, in the order in which they were added. */
export class RunSequence<R extends Run> implements Runlist {
  readonly #options: RunSequenceOptions<R>;
  #runs: R[] = [];
  #executed = false;

  constructor(options: RunSequenceOptions<R>) {
    this.#options = options;
  }

  add(run: Run): void {
    if (this.#executed) throw new DeviceError("runlist: add after execute", { hint: "reset() it first" });
    this.#runs.push(this.#options.own(run));
  }

  execute(): void {
    if (this.#runs.length === 0) throw new DeviceError("runlist: execute of an empty list");
    this.#options.execute(this.#runs);
    this.#executed = true;
  }

  async wait(options: WaitOptions = {}): Promise<RunState> {
    if (!this.#executed) throw new DeviceError("runlist: wait before execute");
    const deadlineMs = options.timeoutMs === undefined ? undefined : performance.now() + options.timeoutMs;
    for (const run of this.#runs) {
      const timeoutMs = deadlineMs === undefined ? undefined : Math.max(0, deadlineMs - performance.now());
      await run.wait({ ...options, timeoutMs });
    }
    return this.failed?.state ?? "COMPLETED";
  }

  get failed(): Run | undefined {
    return this.#runs.find((run) => this.#executed && run.state !== "COMPLETED");
  }

  reset(): void {
    if (this.#runs.some((run) => run.state === "QUEUED" || run.state === "RUNNING")) {
      throw new DeviceError("runlist: reset while its runs are in flight", { hint: "await runlist.wait() first" });
    }
    this.#runs = [];
    this.#executed = false;
  }
}
