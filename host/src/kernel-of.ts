import { DeviceError, FormatError } from "@aiekit/core";
import { type ControlCode, type ControlElf, patchedArguments, readControlElf } from "@aiekit/xclbin";
import type { Kernel, KernelArg, Run, RunArg } from "./device.ts";
import { type CheckedArgs, checkElfRunArgs, checkFullElfRunArgs, checkRunArgs, type OwnsBo } from "./kernel-args.ts";

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
    flow: "insts",
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

/** The same with instructions in an ELF. */
export function moduleKernelOf(metadata: KernelMetadata, elf: ControlElf, device: RunMaker): Kernel {
  const plain = kernelOf(metadata, device);
  const limits = { used: patchedArguments(elf.codes[0]!), owns: device.owns };
  const kernel: Kernel = {
    ...plain,
    flow: "elf",
    createRun: (...args: readonly RunArg[]): Run => device.createRun(checkElfRunArgs(kernel, args, limits)),
    run: (...args: readonly RunArg[]): Run => kernel.createRun(...args).start(),
  };
  return kernel;
}

/** A kernel of a full ELF: its arguments are `argCount` buffers, of memory that every BO is in. */
export function fullElfKernelOf(code: ControlCode, device: RunMaker): Kernel {
  const args = Array.from({ length: code.argCount ?? 0 }, (_, index) => ({
    ...({ index, name: `bo${index}`, kind: "bo", type: "char*", flags: "hostOnly", group: 0 } as const),
  }));
  const limits = { used: patchedArguments(code), owns: device.owns };
  const kernel: Kernel = {
    ...kernelOf({ name: fullElfKernelName(code), args }, device),
    flow: "full-elf",
    createRun: (...given: readonly RunArg[]): Run => device.createRun(checkFullElfRunArgs(kernel, given, limits)),
    run: (...given: readonly RunArg[]): Run => kernel.createRun(...given).start(),
  };
  return kernel;
}

/** As XRT takes it. */
export function fullElfKernelName({ kernel, instance }: ControlCode): string {
  return `${kernel}:${instance}`;
}

/** Reads an ELF that goes with an xclbin. @throws FormatError for another, and what `readControlElf` throws. */
export function readInstructionElf(bytes: Uint8Array, name: string): ControlElf {
  const elf = readControlElf(bytes, name);
  if (elf.kind === "instructions") return elf;
  throw new FormatError(`${name}: expected the ELF of an instruction stream, got a full ELF`, {
    offset: 8,
    hint: "a full ELF replaces the xclbin: device.createElfContext",
  });
}

/** @throws DeviceError that lists the kernels there are. */
export function findKernel<T extends { readonly name: string }>(kernels: readonly T[], name: string): T {
  const found = kernels.find((kernel) => kernel.name === name);
  if (found !== undefined) return found;
  const names = kernels.map((kernel) => kernel.name).join(", ");
  throw new DeviceError(`context: no such kernel '${name}': expected one of ${names}`);
}
