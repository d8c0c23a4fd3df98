import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { FormatError, type Manifest, manifestFiles, parseManifest } from "@aiekit/core";
import type { CommandContext } from "./command-context.ts";

/**
 * Warns where a file lies in a build's folder and is not what the build's manifest says. Formats have no checksum of their
 * own for most of their bytes, so that a damaged one may read as well as a whole one.
 */
export async function warnUnlessAsBuilt(context: CommandContext, file: string, bytes: Uint8Array): Promise<void> {
  const path = resolve(context.cwd, file);
  // Streams and their ELFs lie in a folder of their own below the manifest's.
  for (const folder of [dirname(path), dirname(dirname(path))]) {
    const problem = await problemBy(join(folder, "manifest.json"), relative(folder, path), bytes);
    if (problem === undefined) continue;
    context.stderr.write(`warning: ${file}: ${problem}\n`);
    return;
  }
}

async function problemBy(manifestPath: string, path: string, bytes: Uint8Array): Promise<string | undefined> {
  const text = await readFile(manifestPath, "utf8").catch(() => undefined);
  // Another program's manifest.json says nothing of our files.
  if (text?.includes('"aiekit-manifest"') !== true || path === "manifest.json") return undefined;
  let manifest: Manifest;
  try {
    manifest = parseManifest(text, manifestPath);
  } catch (error) {
    if (error instanceof FormatError) return `not held against the build: ${error.message}`;
    throw error;
  }
  const expected = manifestFiles(manifest).find((product) => product.path === path)?.sha256;
  const found = createHash("sha256").update(bytes).digest("hex");
  if (expected === undefined || expected === found) return undefined;
  return `expected sha256 ${expected} (${manifestPath}), got ${found}: it was changed after the build`;
}
