import { isAbsolute, posix, relative, resolve, sep } from "node:path";
import { headers } from "@aiekit/aie-api";
import { FormatError, UsageError } from "@aiekit/core";
import type { Generation } from "@aiekit/mlir";
import type { WasmClang } from "@aiekit/wasm-clang";
import { kernelCompileArgs } from "../drivers/wasm-clang.ts";
import { includeClosure, type SourceTree } from "../sources/include-closure.ts";
import { readText } from "../sources/read-text.ts";
import { coreHeaders, coreHeadersFolder } from "./core-headers.ts";
import type { KernelObject } from "./match-kernels.ts";
import { readObjectSymbols } from "./wasm-object.ts";

/** A C++ file that the user gave, and the object name under which a design may ask for it. */
export interface KernelFile {
  readonly object: string;
  /** Absolute, or relative to the working folder. */
  readonly file: string;
}

interface KernelFiles {
  readonly kernels: readonly KernelFile[];
  /** Folders searched for headers, before those of aie_api. */
  readonly includeFolders: readonly string[];
  readonly defines: Readonly<Record<string, string | number>>;
  readonly generation: Generation;
  /** Folder that relative paths count from. */
  readonly cwd: string;
}

interface CompiledKernels {
  readonly objects: readonly KernelObject[];
  /** Of the compiler, as it printed them. */
  readonly warnings: readonly string[];
}

/**
 * Compiles each file as the kernels of this project are compiled, against aie_api and the user's folders only.
 * @throws FormatError for a file that is not there, UsageError for two of one object name, ToolError with clang's diagnostics.
 */
export async function compileKernels(
  files: KernelFiles,
  compiler: WasmClang,
  signal: AbortSignal,
): Promise<CompiledKernels> {
  const { kernels, generation, cwd } = files;
  checkObjectNames(kernels);
  const includeFolders = files.includeFolders.map((folder) => treePath(folder, cwd));
  const tree = userTree(cwd, [...includeFolders, ...apiFolders(generation), coreHeadersFolder]);
  const objects: KernelObject[] = [];
  const warnings: string[] = [];
  for (const { object, file } of kernels) {
    const source = treePath(file, cwd);
    if ((await tree.read(source)) === undefined) throw noSuchFile(file);
    const texts = await includeClosure([source], tree);
    const args = [...includeFolders.map((folder) => `-I${folder}`), ...ownArgs(files), `-I${coreHeadersFolder}`];
    const [text = "", reached] = [texts.get(source), new Map(texts)];
    reached.delete(source);
    const compiled = await compiler.compile({ source: { name: source, text }, headers: reached, args, signal });
    objects.push({ name: object, file, bytes: compiled.object, symbols: readObjectSymbols(compiled.object) });
    if (compiled.log.trim() !== "") warnings.push(compiled.log.trim());
  }
  return { objects, warnings };
}

function noSuchFile(file: string): FormatError {
  const [name, ...path] = file.split("=");
  const hint = path.length === 0 ? {} : { hint: `an object's name ends in .o: --kernel ${name}.o=${path.join("=")}` };
  return new FormatError(`--kernel ${file}: there is no such file`, hint);
}

function checkObjectNames(kernels: readonly KernelFile[]): void {
  const byName = new Map<string, string>();
  for (const { object, file } of kernels) {
    const other = byName.get(object);
    if (other !== undefined) {
      throw new UsageError(`--kernel: ${other} and ${file} are both ${object}`, {
        hint: "name the object of one of them: --kernel OTHER.o=FILE",
      });
    }
    byName.set(object, file);
  }
}

/** The project's own kernels are no part of a stranger's build. */
function ownArgs({ generation, defines }: Pick<KernelFiles, "generation" | "defines">): string[] {
  return kernelCompileArgs({ generation, defines }).filter((arg) => arg !== "-Ikernels");
}

function apiFolders(generation: Generation): string[] {
  const args = ownArgs({ generation, defines: {} });
  return args.filter((arg) => arg.startsWith("-I")).map((arg) => arg.slice("-I".length));
}

/** The path by which compiler and messages call a file: relative to the working folder where it lies below it. */
function treePath(file: string, cwd: string): string {
  const path = relative(cwd, resolve(cwd, file)).split(sep).join("/");
  const outside = path.startsWith("../") || path === ".." || isAbsolute(path);
  if (outside) return resolve(cwd, file).split(sep).join("/");
  return path === "" ? "." : path;
}

function userTree(cwd: string, includeFolders: readonly string[]): SourceTree {
  const api = new Map([...headers(), ...coreHeaders()]);
  const read = new Map<string, Promise<string | undefined>>();
  return {
    includeFolders,
    async read(path) {
      const normal = posix.normalize(path);
      const known = api.get(normal) ?? read.get(normal);
      if (known !== undefined) return known;
      const text = readText(resolve(cwd, normal));
      read.set(normal, text);
      return text;
    },
  };
}
