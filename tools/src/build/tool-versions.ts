import type { Target } from "@aiekit/core";
import type { WasmClang } from "@aiekit/wasm-clang";
import type { PackagerName } from "../packaging/packager.ts";
import type { InstsSource } from "./npu/insts-steps.ts";
import { ownCodeVersion } from "./own-code.ts";
import type { Project } from "./project.ts";

/** What tells one build of a tool from another. */
export interface ToolIdentity {
  readonly version: string;
  /** Of a native program's file: one that was built anew may print the version that it had. */
  readonly sha256?: string;
}

/** What turns sources into products, by name; a change of one makes a build stale. */
export interface BuildTools extends Readonly<Record<string, ToolIdentity>> {
  /** This program, designs and lowering included. */
  readonly aiekit: ToolIdentity;
}

export interface CompilerChoice {
  /** A system clang to compile kernels with, in place of the npm package's. */
  readonly clang?: string | undefined;
  /** A compiler that the caller keeps open, for builds in a row. Default: one for this build. */
  readonly compiler?: WasmClang | undefined;
}

/** What decides which tools a build uses. */
export interface ToolChoice extends CompilerChoice {
  /** Variables of the environment, by which native tools are found. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Who makes the instruction streams for hardware. Default: the tools where they are there. */
  readonly insts?: InstsSource | undefined;
  /** Who packs for hardware: this program (the default), or bootgen and xclbinutil. */
  readonly packager?: PackagerName | undefined;
}

/** The tools that a build for the target would use now; native tools that are missing are left out. */
export async function currentTools(target: Target, project: Project, choice: ToolChoice): Promise<BuildTools> {
  if (target === "sim") return findTools(choice);
  const { findHardwareTools } = await import("./npu/hardware-tools.ts");
  const { npuTools } = await import("./npu/npu-tools.ts");
  const { env = {}, packager } = choice;
  const [aiekit, tools] = await Promise.all([ownCodeVersion(), findHardwareTools(env, project.cache, packager)]);
  return { aiekit: { version: aiekit }, ...npuTools(tools, choice) };
}

export async function findTools(choice: CompilerChoice): Promise<BuildTools & { readonly clang: ToolIdentity }> {
  const [aiekit, clang] = await Promise.all([ownCodeVersion(), withCompiler(choice, async ({ version }) => version)]);
  return { aiekit: { version: aiekit }, clang: { version: clang } };
}

/** Lends the chosen compiler; one that is opened here is closed when `use` is done. */
export async function withCompiler<T>(choice: CompilerChoice, use: (compiler: WasmClang) => Promise<T>): Promise<T> {
  if (choice.compiler !== undefined) return use(choice.compiler);
  const { WasmClang } = await import("@aiekit/wasm-clang");
  const compiler = await WasmClang.open(choice.clang === undefined ? {} : { clang: choice.clang });
  try {
    return await use(compiler);
  } finally {
    compiler.close();
  }
}
