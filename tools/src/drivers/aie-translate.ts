import type { ToolCommand } from "./tool-command.ts";

/** One translation of aie-translate; `device` is the symbol of the aie.device. */
type AieTranslation =
  /** Prints `AIE2` or `AIE2P`. */
  | { readonly kind: "targetArch"; readonly device: string; readonly input: string }
  /** Prints `[(0,2,None),(0,3,"ready.elf"),]`. */
  | { readonly kind: "coreList"; readonly device: string; readonly input: string }
  | {
      readonly kind: "ldScript";
      readonly device: string;
      readonly core: CorePlace;
      readonly input: string;
      readonly output: string;
    }
  | { readonly kind: "llvmIr"; readonly input: string; readonly output: string }
  /** Writes `<workDir>/<device>_aie_cdo_{elfs,init,enable}.bin`; ELFs with relative names are looked for there. */
  | { readonly kind: "cdo"; readonly device: string; readonly workDir: string; readonly input: string }
  | {
      readonly kind: "npuToBinary";
      readonly device: string;
      readonly sequence: string;
      readonly input: string;
      readonly output: string;
    };

interface CorePlace {
  readonly col: number;
  readonly row: number;
}

/** aie-translate: turns a module into what is not MLIR. */
export function aieTranslate(translation: AieTranslation): ToolCommand {
  return { tool: "aie-translate", args: argsOf(translation) };
}

/** Names of the CDO files of a device, in the order in which they are packed. */
export function cdoFileNames(device: string): readonly string[] {
  return ["elfs", "init", "enable"].map((part) => `${device}_aie_cdo_${part}.bin`);
}

function argsOf(t: AieTranslation): readonly string[] {
  switch (t.kind) {
    case "targetArch":
      return ["--aie-generate-target-arch", `--aie-device-name=${t.device}`, t.input];
    case "coreList":
      return ["--aie-generate-corelist", `--aie-device-name=${t.device}`, t.input];
    case "ldScript": {
      const { col, row } = t.core;
      const place = [`--tilecol=${col}`, `--tilerow=${row}`];
      return ["--aie-generate-ldscript", `--aie-device-name=${t.device}`, ...place, t.input, "-o", t.output];
    }
    case "llvmIr":
      return ["--mlir-to-llvmir", t.input, "-o", t.output];
    case "cdo":
      return ["--aie-generate-cdo", `--aie-device-name=${t.device}`, `--work-dir-path=${t.workDir}`, t.input];
    case "npuToBinary":
      return [
        "--aie-npu-to-binary",
        `--aie-device-name=${t.device}`,
        `--aie-sequence-name=${t.sequence}`,
        t.input,
        "-o",
        t.output,
      ];
  }
}
