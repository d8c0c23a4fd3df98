import { DeviceError } from "@aiekit/core";
import type { Kernel, KernelArg, Run, RunArg } from "./device.ts";
import { type CheckedArgs, checkRunArgs } from "./kernel-args.ts";

/** A kernel as the xclbin's metadata declares it. */
export interface KernelMetadata {
  readonly name: string;
  readonly args: readonly (KernelArg & { readonly group: number })[];
}

/** The kernel of a context: arguments are checked before `createRun` makes a run of them. */
export function kernelOf(metadata: KernelMetadata, createRun: (args: CheckedArgs) => Run): Kernel {
  const kernel: Kernel = {
    name: metadata.name,
    args: metadata.args,
    groupId(index: number): number {
      const arg = metadata.args[index];
      if (arg === undefined) {
        throw new DeviceError(`kernel ${metadata.name}: groupId(${index}): expected 0 to ${metadata.args.length - 1}`);
      }
      return arg.group;
    },
    createRun: (...args: readonly RunArg[]): Run => createRun(checkRunArgs(kernel, args)),
    run: (...args: readonly RunArg[]): Run => kernel.createRun(...args).start(),
  };
  return kernel;
}

/** @throws DeviceError that lists the kernels there are. */
export function findKernel<T extends { readonly name: string }>(kernels: readonly T[], name: string): T {
  const found = kernels.find((kernel) => kernel.name === name);
  if (found !== undefined) return found;
  const names = kernels.map((kernel) => kernel.name).join(", ");
  throw new DeviceError(`context: no such kernel '${name}': expected one of ${names}`);
}
