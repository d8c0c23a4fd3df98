import { coreMemory, type DeviceModel, type Operation } from "@aiekit/mlir";
import type { Linked } from "@aiekit/wasm-clang";
import { type CompilerChoice, withCompiler } from "../build/tool-versions.ts";
import { compileKernels, type KernelFile } from "./compile-kernels.ts";
import { kernelCalls } from "./kernel-calls.ts";
import { matchKernels } from "./match-kernels.ts";

export interface OwnKernelsSource {
  /** A module with one device, from `readOwnDesign`. */
  readonly lowered: Operation;
  readonly device: DeviceModel;
  readonly kernels: readonly KernelFile[];
  /** Folders searched for headers, before those of aie_api. */
  readonly includeFolders: readonly string[];
  readonly defines: Readonly<Record<string, string | number>>;
  /** Folder that relative paths count from. */
  readonly cwd: string;
}

export interface OwnKernels {
  /** One linked module for each core that calls C++, by "col,row". */
  readonly modules: ReadonlyMap<string, Uint8Array>;
  readonly warnings: readonly string[];
}

/**
 * Compiles the files that a design's cores call into, checks that they fit the calls, and links one module a core.
 * @throws FormatError and UsageError for files, ToolError of the compiler, DesignError for calls that nothing or something else answers,
 * BudgetError for statics that do not fit.
 */
export async function buildOwnKernels(
  source: OwnKernelsSource,
  options: CompilerChoice & { readonly signal: AbortSignal },
): Promise<OwnKernels> {
  const { lowered, kernels, device } = source;
  const { signal } = options;
  const calls = kernelCalls(lowered);
  // Without files there is nothing to compile: the compiler need not start to say what is missing.
  if (kernels.length === 0) return { modules: linkedNone(calls), warnings: [] };
  return withCompiler(options, async (compiler) => {
    const { objects, warnings } = await compileKernels({ ...source, generation: device.generation }, compiler, signal);
    const programs = matchKernels(calls, objects);
    const modules = new Map<string, Uint8Array>();
    // Cores that do the same in the same layout, as in a wide array, share one link.
    const links = new Map<string, Promise<Linked>>();
    for (const { col, row, functions, objects: names } of programs) {
      const { stackBytes, dataBase } = coreMemory(lowered, col, row);
      const key = JSON.stringify([functions, names, stackBytes, dataBase]);
      const used = objects.filter((object) => names.includes(object.name));
      const job = { name: `core (${col},${row})`, objects: used, exports: functions, stackBytes, dataBase, signal };
      const link = links.get(key) ?? compiler.link(job);
      links.set(key, link);
      modules.set(`${col},${row}`, (await link).module);
    }
    const linked = new Set(programs.flatMap((program) => program.objects));
    const idle = objects.filter((object) => !linked.has(object.name));
    return {
      modules,
      warnings: [...warnings, ...idle.map(({ file }) => `--kernel ${file}: no core calls any of its functions`)],
    };
  });
}

function linkedNone(calls: Parameters<typeof matchKernels>[0]): ReadonlyMap<string, Uint8Array> {
  matchKernels(calls, []);
  return new Map();
}
