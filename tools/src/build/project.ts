import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "@aiekit/core";

/** Folders that a build reads from and writes to; absolute paths. */
export interface Project {
  readonly root: string;
  /** C++ kernels; `KernelSource.file` is relative to it. */
  readonly kernels: string;
  /** Build products: `<output>/<target>/<kernel>/`. */
  readonly output: string;
  readonly cache: string;
}

/** Where each part of the project is; what is left out has its place below `root`. */
export interface ProjectOptions {
  /** Default: the nearest folder above this package that holds pnpm-workspace.yaml. */
  readonly projectRoot?: string;
  readonly kernelsRoot?: string;
  readonly outputRoot?: string;
  readonly cacheRoot?: string;
}

/** @throws UsageError when no project root is given and none is found. */
export function findProject(options: ProjectOptions = {}): Project {
  const root = options.projectRoot ?? findRoot(import.meta.dirname);
  return {
    root,
    kernels: options.kernelsRoot ?? join(root, "kernels"),
    output: options.outputRoot ?? join(root, "xclbin"),
    cache: options.cacheRoot ?? join(root, ".cache"),
  };
}

function findRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "pnpm-workspace.yaml"))) return folder;
    if (folder === dirname(folder)) {
      throw new UsageError(`project root: no pnpm-workspace.yaml in ${start} or above it`, {
        hint: "say where the project is: projectRoot",
      });
    }
  }
}
