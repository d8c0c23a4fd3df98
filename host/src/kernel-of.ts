import { DeviceError } from "@aiekit/core";
import type { Kernel, KernelArg, Run, RunArg } from "./device.ts";
import { type CheckedArgs, checkRunArgs, type OwnsBo } from "./kernel-args.ts";

/** A kernel as the xclbin's metadata declares it. */
export interface KernelMetadata {
  readonly name: string;
  readonly args: readonly (KernelArg & { readonly group: number })[];
}

export interface RunMaker {
  /** Makes a run of arguments that were checked. */
  readonly createRun: (args: CheckedArgs) => Run;
  readonly owns: OwnsBo;
}

/** The kernel of a context: arguments are checked before a run is made of them. */
export function kernelOf(metadata: KernelMetadata, device: RunMaker): Kernel {
  const kernel: Kernel = {
    name: metadata.name,
    args: metadata.args,
    groupId(index: number): number {
      const arg = metadata.args[index];
      if (arg === undefined) {
        throw new DeviceError(
          `kernel ${metadata.name}: groupId(${index}): it has no such argument, expected 0 to ${metadata.args.length - 1}`,
          { hint: `arguments: ${metadata.args.map(({ index: i, name }) => `${i} ${name}`).join(", ")}` },
        );
      }
      return arg.group;
    },
    createRun: (...args: readonly RunArg[]): Run => device.createRun(checkRunArgs(kernel, args, device.owns)),
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
