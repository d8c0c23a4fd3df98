import { Option } from "commander";
import { parseNpu } from "./options.ts";

/** `--device` of the commands that run kernels. */
export function deviceOption(): Option {
  return new Option("--device <device>", "what to run on").choices(["sim", "xrt", "cpu", "auto"]).default("sim");
}

/** `--npu` of the commands that build for an array. */
export function npuOption(): Option {
  return new Option(
    "--npu <array>",
    "array that the design is for: npu1, npu2, or a part such as npu1_2col (default: the kernel's own)",
  ).argParser(parseNpu);
}
