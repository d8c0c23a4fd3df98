import { DeviceError } from "@aiekit/core";
import type { Run, Runlist, RunState, WaitOptions } from "../device.ts";
import { XrtRun } from "./xrt-run.ts";

/** Runs of one context that the driver gets as chains of commands: one wait, and fewer calls, for many launches. */
export class XrtRunlist implements Runlist {
  readonly #execute: (runs: readonly XrtRun[]) => void;
  #runs: XrtRun[] = [];
  #executed = false;

  constructor(execute: (runs: readonly XrtRun[]) => void) {
    this.#execute = execute;
  }

  add(run: Run): void {
    if (this.#executed) throw new DeviceError("runlist: add after execute", { hint: "reset() it first" });
    if (!(run instanceof XrtRun)) throw new DeviceError("runlist: a run of another device");
    this.#runs.push(run);
  }

  execute(): void {
    if (this.#runs.length === 0) throw new DeviceError("runlist: execute of an empty list");
    this.#execute(this.#runs);
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
    if (this.#runs.some((run) => run.isPending)) {
      throw new DeviceError("runlist: reset while its runs are in flight", { hint: "await runlist.wait() first" });
    }
    this.#runs = [];
    this.#executed = false;
  }
}
