import type { Tensor } from "@aiekit/core";
import type { KernelOnDevice, OpenKernel, ReadyKernel } from "./kernel-on-device.ts";

/** What a kernel was last asked to do. */
export interface LastRun {
  readonly params: KernelOnDevice["params"];
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly sequence: string | undefined;
}

/** A kernel that remembers its last run, so that it can be done again: nothing is copied, and nothing else changes. */
export function watchedKernel(open: OpenKernel): {
  readonly open: OpenKernel;
  readonly last: () => LastRun | undefined;
} {
  let last: LastRun | undefined;
  const runWith: OpenKernel["runWith"] = (params, inputs, sequence) => {
    last = { params, inputs, sequence };
    return open.runWith(params, inputs, sequence);
  };
  const load = async (): Promise<ReadyKernel> => {
    const ready = await open.load();
    const run: ReadyKernel["run"] = (inputs, label) => {
      last = { params: {}, inputs, sequence: undefined };
      return ready.run(inputs, label);
    };
    return { ...ready, run, runWith };
  };
  return { open: { ...open, runWith, load }, last: () => last };
}
