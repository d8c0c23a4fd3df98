import { DesignError } from "@aiekit/core";
import type { Generation } from "@aiekit/mlir";
import { aieOpt } from "../../drivers/aie-opt.ts";
import { aieTranslate } from "../../drivers/aie-translate.ts";
import type { OutputRef, Step } from "../../plan/step.ts";
import { withElfNames } from "./elf-names.ts";
import { checkCoreList, checkRouted, checkTargetArch } from "./output-checks.ts";
import { addressesRef, coreListRef, physicalRef, targetRef, tracedRef, withElfsRef } from "./outputs.ts";
import { type CorePlace, deviceSymbol, type Lowering } from "./pass-pipelines.ts";
import { type ToolStepContext, toolStep } from "./tool-step.ts";

interface ModuleStepsSource {
  readonly lowering: Lowering;
  readonly generation: Generation;
  readonly cores: readonly CorePlace[];
  /** Has to be there before a tool sees the design. */
  readonly verified: OutputRef;
  /** Version of the code that runs in this process. */
  readonly codeVersion: string;
}

const designFile = "design.mlir";

/** design.mlir -> buffers with addresses -> routes -> names of ELFs in place of the cores' bodies. */
export function moduleSteps(source: ModuleStepsSource, context: ToolStepContext): readonly Step[] {
  const { lowering, generation, cores, verified } = source;
  const files = new Map([[designFile, context.design.text]]);
  const traces = traceSteps(source, context);
  return [
    ...traces,
    toolStep(
      {
        name: targetRef.step,
        kind: "target",
        command: () => aieTranslate({ kind: "targetArch", device: deviceSymbol, input: designFile }),
        reads: [],
        after: [verified],
        files,
        writes: [],
        stdout: targetRef.output,
        check: (made) => checkTargetArch(textOf(made.get(targetRef.output)), generation),
      },
      context,
    ),
    toolStep(
      {
        name: addressesRef.step,
        kind: "addresses",
        command: () =>
          aieOpt({
            pipeline: lowering.addresses(generation),
            input: traces.length > 0 ? tracedRef.output : designFile,
            output: addressesRef.output,
          }),
        reads: traces.length > 0 ? [tracedRef] : [],
        after: [verified],
        files: traces.length > 0 ? undefined : files,
        writes: [addressesRef.output],
      },
      context,
    ),
    toolStep(
      {
        name: physicalRef.step,
        kind: "route",
        command: () => aieOpt({ pipeline: lowering.route, input: addressesRef.output, output: physicalRef.output }),
        reads: [addressesRef],
        writes: [physicalRef.output],
        check: (made, read) => checkRouted(textOf(made.get(physicalRef.output)), textOf(read.get(addressesRef.output))),
      },
      context,
    ),
    elfNamesStep(source),
    toolStep(
      {
        name: coreListRef.step,
        kind: "list cores",
        command: () => aieTranslate({ kind: "coreList", device: deviceSymbol, input: withElfsRef.output }),
        reads: [withElfsRef],
        writes: [],
        stdout: coreListRef.output,
        check: (made) => checkCoreList(textOf(made.get(coreListRef.output)), cores),
      },
      context,
    ),
  ];
}

/** Traces of a design become register writes; releases differ in where. */
function traceSteps({ lowering, verified }: ModuleStepsSource, context: ToolStepContext): readonly Step[] {
  const { traces } = lowering;
  if (!/\baie\.trace\b/.test(context.design.text) || traces === "in addresses") return [];
  if (traces === undefined) {
    throw new DesignError("the design has aie.trace, which this mlir-aie does not know", {
      hint: "take mlir-aie v1.3, or leave the trace out",
    });
  }
  const step = toolStep(
    {
      name: tracedRef.step,
      kind: "traces",
      command: () => aieOpt({ pipeline: traces(context.tools.passes), input: designFile, output: tracedRef.output }),
      reads: [],
      after: [verified],
      files: new Map([[designFile, context.design.text]]),
      writes: [tracedRef.output],
    },
    context,
  );
  return [step];
}

function elfNamesStep({ cores, codeVersion }: ModuleStepsSource): Step {
  const places = cores.map(({ col, row }) => `${col},${row}`).join(" ");
  return {
    name: withElfsRef.step,
    kind: "elf names",
    version: codeVersion,
    inputs: { cores: places },
    reads: [physicalRef],
    command: `step elf-names ${physicalRef.output} ${places} -o ${withElfsRef.output}`,
    run: ({ reads: [physical] }) =>
      new Map([[withElfsRef.output, new TextEncoder().encode(withElfNames(textOf(physical), cores))]]),
  };
}

function textOf(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}
