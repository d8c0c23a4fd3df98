import type { Generation, KernelSource } from "@aiekit/mlir";
import { peanoCompile } from "../../drivers/peano.ts";
import type { Step } from "../../plan/step.ts";
import { includeClosure, type SourceTree } from "../../sources/include-closure.ts";
import { kernelsPrefix } from "../../sources/kernel-tree.ts";
import { kernelObjectRef } from "./outputs.ts";
import { type ToolStepContext, toolStep } from "./tool-step.ts";

interface KernelCompilePlan {
  readonly steps: readonly Step[];
  /** Every source and header of the project that the objects are made from. */
  readonly texts: ReadonlyMap<string, string>;
}

/** One object a kernel source, by Peano with the aie_api of mlir-aie. */
export async function kernelSteps(
  sources: readonly KernelSource[],
  { generation, tree }: { readonly generation: Generation; readonly tree: SourceTree },
  context: ToolStepContext,
): Promise<KernelCompilePlan> {
  const texts = new Map<string, string>();
  const steps: Step[] = [];
  for (const { object, file, defines = {} } of sources) {
    const source = `${kernelsPrefix}/${file}`;
    const reached = await includeClosure([source], tree);
    for (const [path, text] of reached) texts.set(path, text);
    const ref = kernelObjectRef(object);
    const spec = {
      name: ref.step,
      kind: "compile",
      subject: source,
      command: (paths: Parameters<typeof peanoCompile>[1]) =>
        peanoCompile({ generation, source, output: ref.output, includeFolders: [kernelsPrefix], defines }, paths),
      reads: [],
      files: reached,
      writes: [ref.output],
      needsAieApi: true,
    };
    steps.push(toolStep(spec, context));
  }
  return { steps, texts: new Map([...texts].sort(([a], [b]) => (a < b ? -1 : 1))) };
}
