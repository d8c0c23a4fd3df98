import type { WasmClang } from "@aiekit/wasm-clang";
import { type BuildOptions, type BuildResult, buildKernel } from "../build/build-kernel.ts";
import { findProject } from "../build/project.ts";
import type { BuildRequest } from "../build/request.ts";
import { kernelTree } from "../sources/kernel-tree.ts";
import { watchFolders } from "./folder-watch.ts";

export interface WatchOptions extends Omit<BuildOptions, "compiler"> {
  /** After the first build, and after every build that a change made necessary. */
  readonly onBuild: (outcome: WatchOutcome) => void;
  /** Changes closer together than this are one change: editors write a file in several steps. Default 50. */
  readonly debounceMs?: number | undefined;
}

/** What came of a build: its result, or the error that stopped it. */
export type WatchOutcome =
  | { readonly ok: true; readonly result: BuildResult }
  | { readonly ok: false; readonly error: unknown };

/** A watch that goes on until it is closed. */
export interface KernelWatch {
  /** Stops watching, stops a build that runs, and ends the compiler. */
  close(): Promise<void>;
}

/** Whoever pauses longer than this waits once more for the compiler to start, and has its memory until then. */
const compilerIdleMs = 10 * 60_000;

/**
 * Builds, then builds again whenever a source or header changes, with a compiler that stays warm. A build that fails is
 * reported and the watch goes on. Designs are part of this program: whoever edits one starts this anew.
 */
export async function watchKernel(request: BuildRequest, options: WatchOptions): Promise<KernelWatch> {
  const { clang, onBuild, debounceMs = 50 } = options;
  const compiler = request.target === "sim" ? await openCompiler(clang) : undefined;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  let changed = true;
  let first = true;
  let building: Promise<void> | undefined;

  async function build(): Promise<void> {
    while (changed && !signal.aborted) {
      changed = false;
      const outcome = await attempt(() => buildKernel(request, { ...options, signal, compiler }));
      const unaffected = outcome.ok && outcome.result.fresh && !first;
      first = false;
      if (!signal.aborted && !unaffected) onBuild(outcome);
    }
    building = undefined;
  }
  const folders = await watchFolders(kernelTree(findProject(options), request.target).folders, {
    debounceMs,
    onChange() {
      changed = true;
      building ??= build();
    },
  });
  building = build();

  return {
    async close() {
      folders.close();
      stop.abort();
      await building;
      compiler?.close();
    },
  };
}

async function openCompiler(clang: string | undefined): Promise<WasmClang> {
  const { WasmClang } = await import("@aiekit/wasm-clang");
  return WasmClang.open({ ...(clang !== undefined && { clang }), idleMs: compilerIdleMs });
}

async function attempt(build: () => Promise<BuildResult>): Promise<WatchOutcome> {
  try {
    return { ok: true, result: await build() };
  } catch (error) {
    return { ok: false, error };
  }
}
