import type { CoreMemory, Generation, KernelSource } from "@aiekit/mlir";
import type { WasmClang } from "@aiekit/wasm-clang";
import { sha256 } from "../../cache/sha256.ts";
import { compileKernel, kernelCompileArgs } from "../../drivers/wasm-clang.ts";
import type { Step } from "../../plan/step.ts";
import { includeClosure, type SourceTree } from "../../sources/include-closure.ts";
import { kernelsPrefix } from "../../sources/kernel-tree.ts";
import type { CoreProgram } from "../core-programs.ts";
import { compileLogRef, memoryRef, moduleRef, objectRef } from "./outputs.ts";

/** Grows when what these steps do with equal inputs changes. */
const stepVersion = 1;

interface CompilePlan {
  readonly steps: readonly Step[];
  /** Every source and header that the objects are made from. */
  readonly texts: ReadonlyMap<string, string>;
}

interface CompileSource {
  readonly sources: readonly KernelSource[];
  readonly generation: Generation;
  readonly tree: SourceTree;
  readonly compiler: WasmClang;
}

/** One object a kernel source. An edit of a source or of a header that it reaches compiles it again, and nothing else. */
export async function compileSteps({ sources, generation, tree, compiler }: CompileSource): Promise<CompilePlan> {
  const texts = new Map<string, string>();
  const steps: Step[] = [];
  for (const { object, file, defines = {} } of sources) {
    const source = `${kernelsPrefix}/${file}`;
    const reached = await includeClosure([source], tree);
    for (const [path, text] of reached) texts.set(path, text);
    const compile = { source, texts: reached, generation, defines };
    const args = kernelCompileArgs(compile).join(" ");
    const hashes = [...reached].map(([path, text]) => [`file ${path}`, sha256(text)] as const);
    steps.push({
      name: objectRef(object).step,
      kind: "compile",
      version: `${compiler.version}, step ${stepVersion}`,
      inputs: { source, args, ...Object.fromEntries(hashes) },
      reads: [],
      command: `clang++ ${args} -c ${source} -o ${object}`,
      run: async ({ signal }) => {
        const compiled = await compileKernel(compiler, compile, signal);
        return new Map([
          [objectRef(object).output, compiled.object],
          [compileLogRef(object).output, new TextEncoder().encode(compiled.log)],
        ]);
      },
    });
  }
  return { steps, texts: new Map([...texts].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** One module a core, placed after the core's stack and buffers. */
export function linkSteps(programs: readonly CoreProgram[], compiler: WasmClang): readonly Step[] {
  return programs.map((program): Step => {
    const { functions, objects } = program;
    const { step: name, output } = moduleRef(program);
    return {
      name,
      kind: "link",
      version: `${compiler.version}, step ${stepVersion}`,
      inputs: { exports: functions.join(" "), objects: objects.join(" ") },
      reads: [memoryRef(program), ...objects.map(objectRef)],
      command: `wasm-ld ${objects.join(" ")} ${functions.map((f) => `--export=${f}`).join(" ")} -o core-${program.col}-${program.row}.wasm`,
      run: async ({ reads: [memory, ...contents], signal }) => {
        const { stackBytes, dataBase } = JSON.parse(new TextDecoder().decode(memory)) as CoreMemory;
        const linked = await compiler.link({
          name: `core (${program.col},${program.row})`,
          objects: objects.map((object, i) => ({ name: object, bytes: contents[i] ?? new Uint8Array() })),
          exports: functions,
          stackBytes,
          dataBase,
          signal,
        });
        return new Map([[output, linked.module]]);
      },
    };
  });
}
