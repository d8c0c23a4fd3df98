import { cdoFileNames } from "../../drivers/aie-translate.ts";
import type { OutputRef } from "../../plan/step.ts";
import { coreElfName } from "./elf-names.ts";
import { type CorePlace, deviceSymbol } from "./pass-pipelines.ts";

// Outputs of a build for hardware, by the steps that make them. The names of outputs are those of the files in aiecc's work
// folder, and each is made by one step only.

export const tracedRef: OutputRef = { step: "traces", output: "input_with_traces.mlir" };
export const addressesRef: OutputRef = { step: "addresses", output: "input_with_addresses.mlir" };
export const physicalRef: OutputRef = { step: "route", output: "input_physical.mlir" };
export const withElfsRef: OutputRef = { step: "elf names", output: "input_physical_with_elfs.mlir" };
export const coreListRef: OutputRef = { step: "list cores", output: "cores.txt" };
export const targetRef: OutputRef = { step: "target", output: "target.txt" };

export const kernelObjectRef = (object: string): OutputRef => ({ step: `compile ${object}`, output: object });

const coreFile = ({ col, row }: CorePlace, extension: string): string =>
  `${deviceSymbol}_core_${col}_${row}.${extension}`;
const coreStep = (what: string, { col, row }: CorePlace): string => `${what} core (${col},${row})`;

export const coreModuleRef = (core: CorePlace): OutputRef => ({
  step: coreStep("lower", core),
  output: coreFile(core, "opt.mlir"),
});
export const coreIrRef = (core: CorePlace): OutputRef => ({
  step: coreStep("LLVM IR of", core),
  output: coreFile(core, "ll"),
});
export const corePeanoIrRef = (core: CorePlace): OutputRef => ({
  step: coreStep("downgrade IR of", core),
  output: coreFile(core, "peanohack.ll"),
});
export const coreOptIrRef = (core: CorePlace): OutputRef => ({
  step: coreStep("optimize", core),
  output: coreFile(core, "opt.ll"),
});
export const coreObjectRef = (core: CorePlace): OutputRef => ({
  step: coreStep("compile", core),
  output: coreFile(core, "o"),
});
export const ldScriptRef = (core: CorePlace): OutputRef => ({
  step: coreStep("linker script of", core),
  output: coreFile(core, "ld.script"),
});
export const elfRef = (core: CorePlace): OutputRef => ({ step: coreStep("link", core), output: coreElfName(core) });

export const npuInstsRef: OutputRef = { step: "lower sequences", output: "npu_insts.mlir" };
export const toolInstsRef = (sequence: string): OutputRef => ({
  step: `translate insts ${sequence}`,
  output: `insts_${sequence}.bin`,
});
/** Where our own stream and the tool's differ first; empty where they do not. */
export const comparisonRef = (sequence: string): OutputRef => ({
  step: `compare insts ${sequence}`,
  output: `insts_${sequence}.difference.txt`,
});

export const cdoRefs: readonly OutputRef[] = cdoFileNames(deviceSymbol).map((output) => ({ step: "cdo", output }));
export const pdiRef: OutputRef = { step: "pdi", output: `${deviceSymbol}.pdi` };
/** Findings of lint that do not stop a build, one a line. */
export const lintRef: OutputRef = { step: "lint", output: "lint.txt" };
export const xclbinRef: OutputRef = { step: "pack", output: "final.xclbin" };
