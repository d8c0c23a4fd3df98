import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type FormatError, type Manifest, manifestFiles } from "@aiekit/core";
import { placeInXclbin } from "@aiekit/xclbin";
import { sha256 } from "../cache/sha256.ts";
import { type ProductFiles, productPaths } from "./manifest.ts";

/** A product that is not as the last build left it. */
export interface ChangedProduct {
  /** In the build's folder. */
  readonly path: string;
  /** The file, its hash by the manifest, and what was found. */
  readonly what: string;
  readonly expectedSha256: string;
  /** Undefined where it is not there. */
  readonly bytes: Uint8Array | undefined;
}

/** Compares every product that the manifest names with its hash. */
export async function changedProducts(manifest: Manifest, folder: string): Promise<readonly ChangedProduct[]> {
  const changed: ChangedProduct[] = [];
  for (const { path, sha256: expectedSha256 } of manifestFiles(manifest)) {
    const bytes = await readFile(join(folder, path)).catch(() => undefined);
    const found = bytes && sha256(bytes);
    if (found === expectedSha256) continue;
    const state = found === undefined ? "it is not there" : `got ${found}: it was changed after the build`;
    const what = `${join(folder, path)}: expected sha256 ${expectedSha256} (${productPaths.manifest}), ${state}`;
    changed.push({ path, what, expectedSha256, bytes });
  }
  return changed;
}

/** Where products had been changed, told by those that are as they were again. */
export function placesOfChanges(changed: readonly ChangedProduct[], products: ProductFiles): readonly string[] {
  return changed.flatMap(({ path, bytes, expectedSha256 }) => {
    const content = products.get(path);
    if (bytes === undefined || content === undefined || sha256(content) !== expectedSha256) return [];
    const made = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const length = Math.max(made.length, bytes.length);
    const differing = Array.from({ length }, (_, i) => i).filter((i) => made[i] !== bytes[i]);
    const count = differing.length === 1 ? "1 byte" : `${differing.length} bytes`;
    return [
      `${path}: made again as it was; ${count} had been changed, the first ${placeIn(path, made, differing[0]!)}`,
    ];
  });
}

function placeIn(path: string, made: Uint8Array, at: number): string {
  if (path.endsWith(".xclbin")) return `at ${at}, ${placeInXclbin(made, at, path)}`;
  if (!path.endsWith(".mlir")) return `at ${at}`;
  const before = made.subarray(0, at).filter((byte) => byte === newline).length;
  return `at ${at}, in line ${before + 1}`;
}

const newline = 10;

/** What is wrong with a manifest that cannot be read. */
export function changedManifest(error: FormatError): string {
  return error.offset === undefined ? error.message : `${error.message}, at character ${error.offset}`;
}
