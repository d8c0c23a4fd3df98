import { defaultCompileArgs } from "@aiekit/aie-api";
import type { Generation } from "@aiekit/mlir";
import type { CompiledObject, WasmClang } from "@aiekit/wasm-clang";

interface KernelCompile {
  /** Path as in messages and debug information: `kernels/mel/mel.cc`. */
  readonly source: string;
  /** The source and every header it reaches, by path. */
  readonly texts: ReadonlyMap<string, string>;
  readonly generation: Generation;
  readonly defines: Readonly<Record<string, string | number>>;
}

/** Options of clang for a kernel: those that aie_api's headers ask for, and the source's defines. */
export function kernelCompileArgs({ generation, defines }: Pick<KernelCompile, "generation" | "defines">): string[] {
  return [
    ...defaultCompileArgs({ arch: generation === "aie2" ? 20 : 21 }),
    "-Wall",
    ...Object.entries(defines).map(([name, value]) => `-D${name}=${value}`),
  ];
}

/** @throws ToolError with clang's diagnostics. */
export async function compileKernel(
  compiler: WasmClang,
  compile: KernelCompile,
  signal: AbortSignal,
): Promise<CompiledObject> {
  const headers = new Map(compile.texts);
  headers.delete(compile.source);
  return compiler.compile({
    source: { name: compile.source, text: compile.texts.get(compile.source) ?? "" },
    headers,
    args: kernelCompileArgs(compile),
    signal,
  });
}
