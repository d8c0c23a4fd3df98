import type { Generation } from "@aiekit/mlir";
import type { ToolCommand } from "./tool-command.ts";

/** Folders and programs that a command line names, of the machine that runs it. */
export interface PeanoPaths {
  /** Holds `aie_api/aie.hpp`. */
  readonly aieApiInclude: string;
  readonly linker: string;
}

interface KernelCompileOptions {
  readonly generation: Generation;
  /** Path as in messages: `kernels/mel/mel.cc`. */
  readonly source: string;
  readonly output: string;
  /** After aie_api's own. */
  readonly includeFolders: readonly string[];
  readonly defines: Readonly<Record<string, string | number>>;
}

/** Peano's clang++ over a kernel. Source of the options: mlir-aie, python/utils/compile. */
export function peanoCompile(options: KernelCompileOptions, { aieApiInclude }: PeanoPaths): ToolCommand {
  const { generation, source, output, includeFolders, defines } = options;
  return {
    tool: "clang++",
    args: [
      source,
      "-c",
      "-o",
      output,
      ...[aieApiInclude, ...includeFolders].map((folder) => `-I${folder}`),
      "-std=c++20",
      "-O2",
      "-DNDEBUG",
      // Upstream aie_api includes <adf.h>, which only AMD's compiler has, unless this is defined.
      "-D__AIE_API_AIE_ADF_HPP__",
      "-Wno-parentheses",
      "-Wno-attributes",
      "-Wno-macro-redefined",
      "-Wno-empty-body",
      `--target=${triple(generation)}`,
      ...Object.entries(defines).map(([name, value]) => `-D${name}=${value}`),
    ],
  };
}

/** Peano's opt over one core's IR; `passes` as the release of mlir-aie has them. */
export function peanoOpt(options: { passes: readonly string[]; input: string; output: string }): ToolCommand {
  return { tool: "opt", args: [...options.passes, options.input, "-o", options.output] };
}

/** Peano's llc: IR to an object with a section for each function, so that the linker can drop those that no one calls. */
export function peanoLlc(options: { generation: Generation; input: string; output: string }): ToolCommand {
  const { generation, input, output } = options;
  return {
    tool: "llc",
    args: [input, "-O2", `--march=${generation}`, "--function-sections", "--filetype=obj", "-o", output],
  };
}

interface CoreLinkOptions {
  readonly generation: Generation;
  readonly object: string;
  /** Places buffers and names the kernels' objects (INPUT). */
  readonly ldScript: string;
  readonly output: string;
  readonly namesLinker: boolean;
}

/** Peano's clang as linker of one core; start-up code, libc, libm and compiler-rt come from its own sysroot. */
export function peanoLink(options: CoreLinkOptions, { linker }: PeanoPaths): ToolCommand {
  const { generation, object, ldScript, output, namesLinker } = options;
  return {
    tool: "clang",
    args: [
      "-O2",
      `--target=${triple(generation)}`,
      ...(namesLinker ? [`-fuse-ld=${linker}`] : []),
      object,
      "-Wl,--gc-sections",
      "-Wl,--orphan-handling=error",
      `-Wl,-T,${ldScript}`,
      "-o",
      output,
    ],
  };
}

function triple(generation: Generation): string {
  return `${generation}-none-unknown-elf`;
}
