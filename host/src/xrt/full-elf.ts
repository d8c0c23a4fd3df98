import { DeviceError, FormatError } from "@aiekit/core";
import { type ControlElf, decodeTxn, isSimImage, readControlElf } from "@aiekit/xclbin";
import type { Device } from "../device.ts";
import { deviceLimits } from "../limits.ts";
import { targetOf } from "../target-of.ts";
import { checkGeneration } from "./instruction-guard.ts";

/**
 * Reads a full ELF for a device, and refuses what the device would not run. On npu1 XRT 2.25 makes the context all the same,
 * and what then becomes of a run it does not tell: the driver refuses the command, whose state stays NEW for good.
 * @throws FormatError for an ELF of another kind, DeviceError for one that is not for this device.
 */
export function readFullElf(bytes: Uint8Array, name: string, device: Device): ControlElf {
  const elf = readControlElf(bytes, name);
  if (elf.kind !== "full") {
    throw new FormatError(`${name}: expected a full ELF, got the ELF of an instruction stream`, {
      offset: 8,
      hint: "it goes with an xclbin: createContext, then context.moduleKernel",
    });
  }
  if (device.generation === "npu1") {
    throw new DeviceError(`${name}: npu1 runs no full ELFs: its driver takes ERT_START_NPU_PREEMPT_ELF from npu4 on`, {
      hint: "use the xclbin of the same build; its instructions may be an ELF: aiekit build KERNEL --insts-format elf",
    });
  }
  const { columns } = deviceLimits[device.generation];
  if (elf.columns! > columns) {
    throw new DeviceError(`${name}: expected at most ${columns} columns, got ${elf.columns}`);
  }
  const target = targetOf(device);
  for (const pdi of elf.pdis) {
    if (isSimImage(pdi.bytes) === (target === "sim")) continue;
    throw new DeviceError(`${name}: ${pdi.name} is for ${target === "sim" ? "hardware" : "the simulator"}`, {
      hint: `aiekit build KERNEL --target ${target}`,
    });
  }
  for (const code of elf.codes) checkStream(code, name, device);
  return elf;
}

function checkStream(code: ControlElf["codes"][number], name: string, device: Device): void {
  const at = `${name}: ${code.instance}`;
  const stream = decodeTxn(code.text, at);
  checkGeneration(stream, device.generation);
  // Nothing else configures the columns of such a context.
  if (stream.ops[0]?.op === "loadPdi") return;
  throw new DeviceError(
    `${at}: expected a stream that begins by loading a PDI, got ${stream.ops[0]?.op ?? "no operation"}`,
    {
      hint: "without one the array runs what a context before left in it",
    },
  );
}
