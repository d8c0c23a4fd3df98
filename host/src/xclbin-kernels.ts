import { DeviceError } from "@aiekit/core";
import { type AiePdi, assertLoadable, type Xclbin, type XclbinKernel } from "@aiekit/xclbin";
import type { BoFlags, KernelArg } from "./device.ts";
import type { KernelMetadata } from "./kernel-of.ts";

/** A kernel that a context can run, with the PDI that configures the array for it. */
export interface DpuKernel extends KernelMetadata {
  readonly pdi: AiePdi;
}

// What XRT's group_id answers for arguments of an NPU kernel: bank 0 is HOST, bank 1 SRAM, and no bank for scalars.
const groupOfBank = 0x10000;
const groupOfScalar = 0x1ffff;

/**
 * The kernels that XRT would find, in an xclbin to which it would not object.
 * @throws DeviceError that names the section that is missing or wrong, and XRT's words for it.
 */
export function dpuKernels(xclbin: Xclbin): readonly DpuKernel[] {
  assertLoadable(xclbin);
  return xclbin.kernels.filter(({ type }) => type === "dpu").map((kernel) => dpuKernel(kernel, xclbin));
}

function dpuKernel(kernel: XclbinKernel, xclbin: Xclbin): DpuKernel {
  if (!kernel.hasOpcode) {
    throw new DeviceError(
      `${xclbin.name}: kernel ${kernel.name}: expected the arguments (opcode, instr, ninstr, bo0, ...), ` +
        `got (${kernel.args.map((arg) => arg.name).join(", ")})`,
      { hint: "an xclbin of 2023 or early 2024 is called without an opcode; build it again with today's tools" },
    );
  }
  const id = BigInt(kernel.dpuKernelId ?? 0);
  const pdi = xclbin.partition?.pdis.find(({ cdoGroups }) =>
    cdoGroups.some((group) => group.dpuKernelIds.includes(id)),
  );
  if (pdi === undefined) throw new DeviceError(`${xclbin.name}: kernel ${kernel.name} has no PDI`);
  return { name: kernel.name, args: kernel.args.map((_, i) => argOf(kernel, i, xclbin)), pdi };
}

function argOf(kernel: XclbinKernel, index: number, xclbin: Xclbin): KernelArg & { readonly group: number } {
  const { name, type, qualifier } = kernel.args[index]!;
  if (qualifier !== "GLOBAL") return { index, name, kind: "scalar", type, flags: undefined, group: groupOfScalar };
  const bank = xclbin.connections.find(
    (c) => c.argIndex === index && xclbin.ips[c.ipIndex]?.name.startsWith(`${kernel.name}:`),
  )?.memoryIndex;
  if (bank === undefined) throw new DeviceError(`${xclbin.name}: kernel ${kernel.name}: ${name} has no memory bank`);
  const flags: BoFlags = xclbin.memory[bank]?.tag === "SRAM" ? "cacheable" : "hostOnly";
  return { index, name, kind: "bo", type, flags, group: groupOfBank + bank };
}
