import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BuildEvent } from "../plan/step.ts";
import { type BuildOptions, type BuildResult, buildKernel } from "./build-kernel.ts";
import { findProject } from "./project.ts";
import type { BuildRequest } from "./request.ts";

/** A project of its own, with kernels that a test may edit. */
export interface KernelProject {
  readonly root: string;
  /** Path of a file of the project. */
  readonly at: (path: string) => string;
  /** Builds, and tells which steps did what. */
  readonly build: (request?: Partial<BuildRequest>, options?: BuildOptions) => Promise<ObservedBuild>;
  /** Content of every file below a folder, by path. */
  readonly files: (folder: string) => Promise<Readonly<Record<string, Buffer>>>;
  readonly remove: () => Promise<void>;
}

export interface ObservedBuild extends BuildResult {
  readonly events: readonly BuildEvent[];
  readonly ran: readonly string[];
  readonly cached: readonly string[];
}

/**
 * A project in which nothing is built. Its mel has the real one's functions, and so fits the real design, but computes
 * nothing and compiles in a moment: what a build does, does not depend on what a kernel says.
 */
export async function newKernelProject(defaults: BuildOptions = {}): Promise<KernelProject> {
  const root = await mkdtemp(join(tmpdir(), "aiekit-build-"));
  for (const [path, text] of Object.entries(smallKernels)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return projectIn(root, defaults);
}

const smallKernels = {
  "kernels/tables/offsets.h": "#pragma once\nconstexpr short kOffsets[4] = {1, 2, 3, 4};\n",
  "kernels/mel/mel.cc": `#include "tables/offsets.h"
extern "C" void mel_power_i16(const short *pcm, int *power) { power[0] = pcm[0] + kOffsets[pcm[1] & 3]; }
extern "C" void mel_bands_i32(const int *power, int *bands) { bands[0] = power[0]; }
extern "C" void mel_log_i16(const int *bands, short *out) { out[0] = (short)bands[0]; }
extern "C" void mel_frame_i16(const short *pcm, short *out) { out[0] = (short)(pcm[0] + kOffsets[pcm[1] & 3]); }
`,
  "kernels/fft/fft.cc": 'extern "C" void fft512_i16(const short *in, int *out) { out[0] = in[0]; }\n',
};

/** A project with copies of the real kernels, in which nothing is built. */
export async function newRealKernelProject(defaults: BuildOptions = {}): Promise<KernelProject> {
  const root = await mkdtemp(join(tmpdir(), "aiekit-build-"));
  await cp(findProject().kernels, join(root, "kernels"), { recursive: true });
  return projectIn(root, defaults);
}

/** A copy of a project with all that it has built. */
export async function copyKernelProject(from: KernelProject, defaults: BuildOptions = {}): Promise<KernelProject> {
  const root = await mkdtemp(join(tmpdir(), "aiekit-build-"));
  await cp(from.root, root, { recursive: true });
  return projectIn(root, defaults);
}

function projectIn(root: string, defaults: BuildOptions): KernelProject {
  return {
    root,
    at: (path) => join(root, path),
    async build(request = {}, options = {}) {
      const events: BuildEvent[] = [];
      const onEvent = (event: BuildEvent): void => {
        events.push(event);
        options.onEvent?.(event);
      };
      const all = { projectRoot: root, ...defaults, ...options, onEvent };
      const result = await buildKernel({ kernel: "mel", target: "sim", ...request }, all);
      return { ...result, events, ran: steps(events, "done"), cached: steps(events, "cached") };
    },
    async files(folder) {
      const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
      const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      const start = join(root, folder).length + 1;
      return Object.fromEntries(
        await Promise.all(paths.sort().map(async (path) => [path.slice(start), await readFile(path)] as const)),
      );
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** Steps with this outcome, sorted; the design is made anew by every build that is not fresh, and left out. */
function steps(events: readonly BuildEvent[], kind: BuildEvent["kind"]): readonly string[] {
  return events
    .flatMap((event) => (event.kind === kind && "step" in event && event.step !== "design" ? [event.step] : []))
    .sort();
}
