import { join, relative } from "node:path";
import { deviceModel, printModule } from "@aiekit/mlir";
import type { WasmClang } from "@aiekit/wasm-clang";
import { kernelTree } from "../../sources/kernel-tree.ts";
import type { BuildPlan, Planner, PlanSource } from "../build-plan.ts";
import { corePrograms } from "../core-programs.ts";
import { buildProducts, productPaths } from "../manifest.ts";
import { type BuildTools, findTools, withCompiler } from "../tool-versions.ts";
import { designSteps } from "./design-steps.ts";
import { compileLogRef, instsRef, loweredRef, lowerWarningsRef, verifyWarningsRef, xclbinRef } from "./outputs.ts";
import { packStep } from "./pack-step.ts";
import { compileSteps, linkSteps } from "./program-steps.ts";

/** Plan for target sim: kernels as WebAssembly and the lowered design, in the xclbin's PDI slot. */
export const withSimPlan: Planner = (source, use) =>
  withCompiler(source.choice, async (compiler) => {
    const tools = await findTools({ ...source.choice, compiler });
    return use(await planSim(source, { compiler, tools }));
  });

interface SimTools {
  /** Starts no process before its first job. */
  readonly compiler: WasmClang;
  readonly tools: BuildTools;
}

async function planSim(source: PlanSource, { compiler, tools }: SimTools): Promise<BuildPlan> {
  const { request, design, project } = source;
  const text = printModule(design.module);
  // In the cache, so that the file is there to look into when the build fails.
  const designPath = join(project.cache, "designs", request.folderName, productPaths.design);
  const fileName = relative(project.root, designPath);

  const programs = corePrograms(design.module);
  const sequences = design.sequences.map((sequence) => sequence.name);
  const samples = design.sequences.flatMap(({ parameters = [] }) => parameters.flatMap((p) => p.samples));
  const { generation } = deviceModel(request.device);
  const tree = kernelTree(project, request.target);
  const compile = await compileSteps({ sources: design.sources, generation, tree, compiler });
  const bufferCount = Math.max(0, ...design.sequences.map((sequence) => sequence.args.length));
  const steps = [
    ...designSteps({
      text,
      fileName,
      programs,
      sequences: [...sequences, ...samples.map((sample) => sample.sequence)],
      codeVersion: tools.aiekit.version,
    }),
    ...compile.steps,
    ...linkSteps(programs, compiler),
    packStep({ device: request.device, programs, bufferCount, codeVersion: tools.aiekit.version }),
  ];

  return {
    steps,
    design: { path: designPath, text },
    products: (outputs) =>
      buildProducts({
        request,
        sequences: design.sequences,
        instsOf: (name) => outputs.get(instsRef(name)),
        design: text,
        lowered: outputs.get(loweredRef),
        xclbin: outputs.get(xclbinRef),
        inputs: compile.texts,
        tools,
      }),
    warnings(outputs) {
      const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
      const ofDesign = [verifyWarningsRef, lowerWarningsRef].flatMap(
        (ref) => JSON.parse(decode(outputs.get(ref))) as string[],
      );
      const ofCompiler = design.sources.map(({ object }) => decode(outputs.get(compileLogRef(object))).trim());
      return [...ofDesign, ...ofCompiler].filter((warning) => warning !== "");
    },
  };
}
