import { DesignError } from "@aiekit/core";
import {
  coreMemory,
  formatDiagnostic,
  lowerDesign,
  parseModule,
  placeTiles,
  printModule,
  routeFlows,
  verify,
} from "@aiekit/mlir";
import { sha256 } from "../../cache/sha256.ts";
import { npuToBinary } from "../../npu-to-binary.ts";
import type { Step } from "../../plan/step.ts";
import type { CoreProgram } from "../core-programs.ts";
import { instsRef, loweredRef, lowerWarningsRef, memoryRef, verifyWarningsRef } from "./outputs.ts";

interface DesignStepsSource {
  /** The design before lowering. */
  readonly text: string;
  /** What messages call it; a file that holds the text. */
  readonly fileName: string;
  readonly programs: readonly CoreProgram[];
  readonly sequences: readonly string[];
  /** Version of the code that verifies, lowers and encodes. */
  readonly codeVersion: string;
}

/** verify -> lower -> one instruction stream a sequence. */
export function designSteps(source: DesignStepsSource): readonly Step[] {
  return [verifyStep(source), lowerStep(source), ...source.sequences.map((name) => instsStep(source, name))];
}

function verifyStep({ text, fileName, codeVersion }: DesignStepsSource): Step {
  return {
    name: verifyWarningsRef.step,
    kind: "verify",
    version: codeVersion,
    inputs: { design: sha256(text), fileName },
    reads: [],
    command: "verify design.mlir",
    run: () => {
      const found = verify(parseModule(text, fileName));
      const errors = found.filter((diagnostic) => diagnostic.severity === "error");
      if (errors.length > 0) throw new DesignError(errors.map(formatDiagnostic).join("\n"));
      return new Map([[verifyWarningsRef.output, encodeJson(found.map(formatDiagnostic))]]);
    },
  };
}

/** Reads the verifier's output only to run after it: what is not valid is not lowered. */
function lowerStep({ text, fileName, programs, codeVersion }: DesignStepsSource): Step {
  return {
    name: loweredRef.step,
    kind: "lower",
    version: codeVersion,
    inputs: { design: sha256(text), fileName, cores: programs.map(({ col, row }) => `${col},${row}`).join(" ") },
    reads: [verifyWarningsRef],
    command: "lower design.mlir -o lowered.mlir",
    run: () => {
      const { module, warnings } = lowerDesign(placeTiles(parseModule(text, fileName)));
      // The simulator moves words along flows; the routes only show that the stream switches can hold them.
      routeFlows(module);
      const outputs = new Map([
        [loweredRef.output, new TextEncoder().encode(printModule(module))],
        [lowerWarningsRef.output, encodeJson(warnings.map(formatDiagnostic))],
      ]);
      for (const core of programs) {
        outputs.set(memoryRef(core).output, encodeJson(coreMemory(module, core.col, core.row)));
      }
      return outputs;
    },
  };
}

function instsStep({ codeVersion }: DesignStepsSource, sequence: string): Step {
  const ref = instsRef(sequence);
  return {
    name: ref.step,
    kind: "insts",
    version: codeVersion,
    inputs: { sequence },
    reads: [loweredRef],
    command: `npu-to-binary lowered.mlir --sequence ${sequence} -o insts/${sequence}.bin`,
    run: ({ reads: [lowered] }) => {
      const module = parseModule(new TextDecoder().decode(lowered), loweredRef.output);
      return new Map([[ref.output, npuToBinary(module, sequence)]]);
    },
  };
}

function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
