import type { WasmClang } from "@aiekit/wasm-clang";
import { ownCodeVersion } from "./own-code.ts";

/** Versions of what turns sources into products; a change of one makes a build stale. */
export interface BuildTools {
  /** This program, designs and lowering included. */
  readonly aiekit: string;
  readonly clang: string;
}

export interface CompilerChoice {
  /** A system clang to compile kernels with, in place of the npm package's. */
  readonly clang?: string | undefined;
  /** A compiler that the caller keeps open, for builds in a row. Default: one for this build. */
  readonly compiler?: WasmClang | undefined;
}

export async function findTools(choice: CompilerChoice): Promise<BuildTools> {
  const [aiekit, clang] = await Promise.all([ownCodeVersion(), withCompiler(choice, async ({ version }) => version)]);
  return { aiekit, clang };
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
