import type { Generation } from "@aiekit/mlir";
import { aieOpt } from "../../drivers/aie-opt.ts";
import { aieTranslate } from "../../drivers/aie-translate.ts";
import { peanoLink, peanoLlc, peanoOpt } from "../../drivers/peano.ts";
import type { Step } from "../../plan/step.ts";
import type { CoreProgram } from "../core-programs.ts";
import { downgradeIr } from "./downgrade-ir.ts";
import { checkProgram } from "./output-checks.ts";
import {
  addressesRef,
  coreIrRef,
  coreModuleRef,
  coreObjectRef,
  coreOptIrRef,
  corePeanoIrRef,
  elfRef,
  kernelObjectRef,
  ldScriptRef,
  physicalRef,
} from "./outputs.ts";
import { deviceSymbol, type Lowering } from "./pass-pipelines.ts";
import { type ToolStepContext, toolStep } from "./tool-step.ts";

interface CoreStepsSource {
  readonly lowering: Lowering;
  readonly generation: Generation;
  readonly codeVersion: string;
}

/** One core's body -> LLVM dialect -> LLVM IR -> object, and with its linker script and the kernels' objects -> ELF. */
export function coreSteps(core: CoreProgram, source: CoreStepsSource, context: ToolStepContext): readonly Step[] {
  const { lowering, generation } = source;
  const subject = `core (${core.col},${core.row})`;
  const module = lowering.coreFrom === "addresses" ? addressesRef : physicalRef;
  const [lowered, ir, peanoIr, optIr] = [
    coreModuleRef(core),
    coreIrRef(core),
    corePeanoIrRef(core),
    coreOptIrRef(core),
  ];
  const [object, script, elf] = [coreObjectRef(core), ldScriptRef(core), elfRef(core)];
  return [
    toolStep(
      {
        name: script.step,
        kind: "linker script",
        subject,
        command: () =>
          aieTranslate({
            kind: "ldScript",
            device: deviceSymbol,
            core,
            input: addressesRef.output,
            output: script.output,
          }),
        reads: [addressesRef],
        writes: [script.output],
      },
      context,
    ),
    toolStep(
      {
        name: lowered.step,
        kind: "lower core",
        subject,
        command: () =>
          aieOpt({ pipeline: lowering.core(core, generation), input: module.output, output: lowered.output }),
        reads: [module],
        writes: [lowered.output],
      },
      context,
    ),
    toolStep(
      {
        name: ir.step,
        kind: "LLVM IR",
        subject,
        command: () => aieTranslate({ kind: "llvmIr", input: lowered.output, output: ir.output }),
        reads: [lowered],
        writes: [ir.output],
      },
      context,
    ),
    downgradeStep(core, source),
    toolStep(
      {
        name: optIr.step,
        kind: "optimize",
        subject,
        command: () => peanoOpt({ passes: lowering.optPasses, input: peanoIr.output, output: optIr.output }),
        reads: [peanoIr],
        writes: [optIr.output],
      },
      context,
    ),
    toolStep(
      {
        name: object.step,
        kind: "compile core",
        subject,
        command: () => peanoLlc({ generation, input: optIr.output, output: object.output }),
        reads: [optIr],
        writes: [object.output],
      },
      context,
    ),
    toolStep(
      {
        name: elf.step,
        kind: "link",
        subject,
        command: (paths) =>
          peanoLink(
            {
              generation,
              object: object.output,
              ldScript: script.output,
              output: elf.output,
              namesLinker: lowering.namesLinker,
            },
            paths,
          ),
        reads: [object, script, ...core.objects.map(kernelObjectRef)],
        writes: [elf.output],
        check: (made) => checkProgram(made.get(elf.output) ?? new Uint8Array(), elf.output, core),
      },
      context,
    ),
  ];
}

function downgradeStep(core: CoreProgram, { codeVersion }: CoreStepsSource): Step {
  const [from, to] = [coreIrRef(core), corePeanoIrRef(core)];
  return {
    name: to.step,
    kind: "downgrade IR",
    version: codeVersion,
    inputs: { name: to.output },
    reads: [from],
    command: `step downgrade-ir ${from.output} -o ${to.output}`,
    run: ({ reads: [ir] }) =>
      new Map([[to.output, new TextEncoder().encode(downgradeIr(new TextDecoder().decode(ir)))]]),
  };
}
