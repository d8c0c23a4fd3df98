import { join, posix } from "node:path";
import { defaultCompileArgs, headers } from "@aiekit/aie-api";
import type { Target } from "@aiekit/core";
import { installedPackageFolder } from "../build/own-code.ts";
import type { Project } from "../build/project.ts";
import type { SourceTree } from "./include-closure.ts";
import { readText } from "./read-text.ts";

/** The project's kernels as the compiler and the manifest name them: the same on every machine. */
export const kernelsPrefix = "kernels";

interface KernelTree extends SourceTree {
  /** Folders on disk that hold all of it. */
  readonly folders: readonly string[];
}

/**
 * The kernels of a project, as they are now, and for target sim the headers of @aiekit/aie-api; for hardware aie_api is
 * the tools' own. Every file is read at most once.
 */
export function kernelTree(project: Project, target: Target): KernelTree {
  const isSim = target === "sim";
  const aieApi = isSim ? headers() : new Map<string, string>();
  const texts = new Map<string, Promise<string | undefined>>();
  const readOnce = (path: string): Promise<string | undefined> => {
    const text = texts.get(path) ?? readText(join(project.kernels, path.slice(kernelsPrefix.length + 1)));
    texts.set(path, text);
    return text;
  };
  return {
    includeFolders: isSim ? includeFolders() : [kernelsPrefix],
    folders: [project.kernels, ...(isSim ? [join(installedPackageFolder("aie-api"), "include")] : [])],
    async read(path) {
      const normal = posix.normalize(path);
      return normal.startsWith(`${kernelsPrefix}/`) ? readOnce(normal) : aieApi.get(normal);
    },
  };
}

/** Those that kernels are compiled with, in the compiler's order; they are the same for both architectures. */
function includeFolders(): readonly string[] {
  const options = defaultCompileArgs({ arch: 20 });
  return options.filter((option) => option.startsWith("-I")).map((option) => option.slice("-I".length));
}
