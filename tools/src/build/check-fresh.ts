import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, type Manifest, parseManifest } from "@aiekit/core";
import { sha256 } from "../cache/sha256.ts";
import { includeClosure, type SourceTree } from "../sources/include-closure.ts";
import { kernelTree } from "../sources/kernel-tree.ts";
import { type ChangedProduct, changedManifest, changedProducts } from "./changed-products.ts";
import { productPaths } from "./manifest.ts";
import { findProject, type ProjectOptions } from "./project.ts";
import { type BuildRequest, resolveRequest } from "./request.ts";
import { type BuildTools, currentTools, type ToolChoice } from "./tool-versions.ts";

/** Whether a build would change anything; `reason` names the first thing that is not as the last build left it. */
export type Freshness =
  | { readonly fresh: true; readonly manifest: Manifest; readonly manifestPath: string }
  | { readonly fresh: false; readonly reason: string; readonly changed: readonly ChangedFile[] };

/** A file of the last build that somebody else changed. */
export type ChangedFile = ChangedProduct | Pick<ChangedProduct, "what">;

export interface FreshnessOptions extends ProjectOptions, ToolChoice {}

/**
 * Compares the last build with what is there now: the code that builds, tools, sources, headers and products, all by
 * content. Loads no compiler, and the registry of kernels only where the request names a device or parameters.
 */
export async function checkFresh(request: BuildRequest, options: FreshnessOptions = {}): Promise<Freshness> {
  const project = findProject(options);
  const folder = join(project.output, request.target, await folderName(request));
  const manifestPath = join(folder, productPaths.manifest);
  const manifest = await readManifest(manifestPath);
  if ("reason" in manifest) return { fresh: false, ...manifest };

  // Also where something else makes the build stale: what somebody wrote into a product is about to be lost.
  const changed = await changedProducts(manifest, folder);
  const reason =
    changedTool(manifest, await currentTools(request.target, project, options)) ??
    (await changedInput(manifest, kernelTree(project, request.target))) ??
    changed.map(({ path, bytes }) => `${path} is ${bytes === undefined ? "missing" : "damaged"}`)[0];
  return reason === undefined ? { fresh: true, manifest, manifestPath } : { fresh: false, reason, changed };
}

async function folderName(request: BuildRequest): Promise<string> {
  const allDefault = request.device === undefined && Object.keys(request.params ?? {}).length === 0;
  return allDefault ? request.kernel : (await resolveRequest(request)).folderName;
}

/** The manifest, or why there is none that counts. */
async function readManifest(
  path: string,
): Promise<Manifest | Pick<Freshness & { fresh: false }, "reason" | "changed">> {
  try {
    return parseManifest(await readFile(path, "utf8"), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { reason: "never built", changed: [] };
    if (error instanceof FormatError) return { reason: error.message, changed: [{ what: changedManifest(error) }] };
    throw error;
  }
}

/** A tool that is not there now has not changed anything: what it made is as good as before. */
function changedTool(manifest: Manifest, tools: BuildTools): string | undefined {
  for (const [name, { version, sha256: bytes }] of Object.entries(tools)) {
    const then = manifest.tools.find((tool) => tool.name === name);
    if (then?.version !== version) return `${name} changed: ${then?.version ?? "none"} built it, this is ${version}`;
    if (then.sha256 !== bytes) return `${name} changed: ${version} as well, but another file`;
  }
  return undefined;
}

/** Sources and headers must have the same content, and must not reach a header that was not there before. */
async function changedInput(manifest: Manifest, tree: SourceTree): Promise<string | undefined> {
  for (const input of manifest.inputs) {
    const text = await tree.read(input.path);
    if (text === undefined) return `${input.path} is gone`;
    if (sha256(text) !== input.sha256) return `${input.path} changed`;
  }
  const known = new Set(manifest.inputs.map((input) => input.path));
  const reached = await includeClosure([...known], tree);
  const added = [...reached.keys()].find((path) => !known.has(path));
  return added && `${added} was added`;
}
