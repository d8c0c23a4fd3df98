import type { OutputRef } from "../../plan/step.ts";
import type { CoreProgram } from "../core-programs.ts";

/** Outputs of a build for the simulator, by the steps that make them. */

export const loweredRef: OutputRef = { step: "lower", output: "lowered.mlir" };

/** Warnings of a step, as a JSON list of texts. */
export const verifyWarningsRef: OutputRef = { step: "verify", output: "verify-warnings.json" };
export const lowerWarningsRef: OutputRef = { step: "lower", output: "lower-warnings.json" };

/** JSON of the core's `CoreMemory`: its stack, and the first byte for statics. */
export const memoryRef = ({ col, row }: CoreProgram): OutputRef => ({
  step: "lower",
  output: `core-${col}-${row}.json`,
});

export const instsRef = (sequence: string): OutputRef => ({
  step: `insts ${sequence}`,
  output: `insts/${sequence}.bin`,
});

export const objectRef = (object: string): OutputRef => ({ step: `compile ${object}`, output: "object" });
/** Warnings as clang printed them. */
export const compileLogRef = (object: string): OutputRef => ({ step: `compile ${object}`, output: "log" });

export const moduleRef = ({ col, row }: CoreProgram): OutputRef => ({
  step: `link core (${col},${row})`,
  output: "module",
});

export const xclbinRef: OutputRef = { step: "pack", output: "xclbin" };
