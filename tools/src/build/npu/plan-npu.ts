import { join, relative } from "node:path";
import { deviceModel } from "@aiekit/mlir";
import type { PlanOutputs } from "../../plan/run-steps.ts";
import type { Step } from "../../plan/step.ts";
import { kernelTree } from "../../sources/kernel-tree.ts";
import type { BuildPlan, Planner, PlanSource } from "../build-plan.ts";
import { everyCore } from "../core-programs.ts";
import { buildProducts, productPaths } from "../manifest.ts";
import { ownCodeVersion } from "../own-code.ts";
import { designSteps } from "../sim/design-steps.ts";
import { instsRef, lowerWarningsRef, verifyWarningsRef } from "../sim/outputs.ts";
import { buildPackager } from "./build-packager.ts";
import { coreSteps } from "./core-steps.ts";
import { designTextFor } from "./design-text.ts";
import { findHardwareTools, type HardwareTools } from "./hardware-tools.ts";
import { compareInstsStep, toolInstsSteps } from "./insts-steps.ts";
import { kernelSteps } from "./kernel-steps.ts";
import { lintStep } from "./lint-step.ts";
import { moduleSteps } from "./module-steps.ts";
import { instsSource, npuTools } from "./npu-tools.ts";
import { comparisonRef, lintRef, physicalRef, toolInstsRef, xclbinRef } from "./outputs.ts";
import { packSteps } from "./pack-steps.ts";
import { planScript } from "./plan-script.ts";
import { loweringFor, withNeededPasses } from "./release-lowering.ts";
import { removeAbandonedScratch, scratchFolders } from "./scratch-folder.ts";
import { logName, type ToolStepContext } from "./tool-step.ts";

/** Plan for npu1 and npu2: the real tools, step by step, and what this program does between them. */
export const withNpuPlan: Planner = async (source, use) => {
  const { project, choice } = source;
  const scratchRoot = join(project.cache, "scratch");
  await removeAbandonedScratch(scratchRoot);
  return use(await planNpu(source, await findHardwareTools(choice.env ?? {}, project.cache, choice.packager)));
};

async function planNpu(source: PlanSource, foundTools: HardwareTools): Promise<BuildPlan> {
  const { request, design, project, choice } = source;
  const lowering = loweringFor(foundTools);
  const tools = withNeededPasses(foundTools, lowering);
  const codeVersion = await ownCodeVersion();
  const { generation } = deviceModel(request.device);
  const cores = everyCore(design.module);
  const text = designTextFor(design.module, cores, lowering);
  const place = join(request.target, request.folderName);
  const designPath = join(project.cache, "designs", place, productPaths.design);
  const fileName = relative(project.root, designPath);
  const context: ToolStepContext = {
    tools,
    scratch: scratchFolders(join(project.cache, "scratch"), join(project.cache, "failed", place)),
    design: { fileName, text },
  };

  const samples = design.sequences.flatMap(({ parameters = [] }) => parameters.flatMap((p) => p.samples));
  const sequences = [...design.sequences.map(({ name }) => name), ...samples.map((sample) => sample.sequence)];
  const used = instsSource(tools, choice.insts);
  const streamRef = used === "tools" ? toolInstsRef : instsRef;
  const bufferCount = Math.max(0, ...design.sequences.map((sequence) => sequence.args.length));
  const packager = await buildPackager({ packaging: tools.packaging, scratch: context.scratch, codeVersion });
  const kernels = await kernelSteps(design.sources, { generation, tree: kernelTree(project, request.target) }, context);
  const steps: readonly Step[] = [
    ...designSteps({ text, fileName, programs: [], sequences, codeVersion }).map(asCommand),
    ...kernels.steps,
    ...moduleSteps({ lowering, generation, cores, verified: verifyWarningsRef, codeVersion }, context),
    ...cores.flatMap((core) => coreSteps(core, { lowering, generation, codeVersion }, context)),
    ...toolInstsSteps(sequences, lowering, context),
    ...sequences.map((sequence) => compareInstsStep(sequence, used, codeVersion)),
    ...packSteps({ device: request.device, cores, bufferCount, packager }, context),
    lintStep({ target: request.target === "npu1" ? "npu1" : "npu2", streams: sequences.map(streamRef), codeVersion }),
  ];

  return {
    steps,
    design: { path: designPath, text },
    products: (outputs) =>
      buildProducts({
        request,
        sequences: design.sequences,
        instsOf: (name) => outputs.get(streamRef(name)),
        design: text,
        lowered: outputs.get(physicalRef),
        xclbin: outputs.get(xclbinRef),
        inputs: kernels.texts,
        tools: { aiekit: { version: codeVersion }, ...npuTools(tools, choice) },
      }),
    warnings: (outputs) => [
      ...tools.warnings,
      ...warningsOf(steps, outputs),
      ...differences(sequences, outputs),
      ...lintWarnings(outputs),
    ],
    script: (previewed) => planScript({ request, project, tools, steps, previewed }),
  };
}

/** Steps that run inside this program have a command as well: `step` is a program of its own (bin/own-step.js). */
function asCommand(step: Step): Step {
  return { ...step, command: `step ${step.command}` };
}

/** Of the verifier and the lowering, and what the tools printed where it is a warning. */
function warningsOf(steps: readonly Step[], outputs: PlanOutputs): readonly string[] {
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const own = [verifyWarningsRef, lowerWarningsRef].flatMap((ref) => JSON.parse(decode(outputs.get(ref))) as string[]);
  const ofTools = steps
    .filter((step) => !step.command.startsWith("step "))
    .flatMap((step) => decode(outputs.get({ step: step.name, output: logName(step.name) })).split("\n"))
    .filter((line) => /\bwarning: /.test(line));
  return [...new Set([...own, ...ofTools])];
}

function differences(sequences: readonly string[], outputs: PlanOutputs): readonly string[] {
  return sequences
    .map((sequence) => new TextDecoder().decode(outputs.get(comparisonRef(sequence))))
    .filter((text) => text !== "");
}

function lintWarnings(outputs: PlanOutputs): readonly string[] {
  const lines = new TextDecoder().decode(outputs.get(lintRef)).split("\n");
  return lines.filter((line) => line.startsWith("warning: ")).map((line) => line.slice("warning: ".length));
}
