import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { AbortedError } from "@aiekit/core";
import { type InstalledPackage, receiptFile } from "./installed-packages.ts";
import { parseWheelRecord } from "./wheel-record.ts";

interface VerifyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (state: { readonly doneCount: number; readonly totalCount: number }) => void;
}

export interface PackageVerdict {
  readonly package: InstalledPackage;
  readonly files: number;
  /** Path -> what is wrong with it; empty when the package is as it was installed. */
  readonly problems: ReadonlyMap<string, string>;
}

/** Holds every installed file against the hashes in the wheel's RECORD; also finds files that are not in it. */
export async function verifyPackage(installed: InstalledPackage, options: VerifyOptions = {}): Promise<PackageVerdict> {
  const { folder, receipt } = installed;
  const info = `${receipt.name}-${receipt.version}.dist-info`;
  const problems = new Map<string, string>();
  const text = await readFile(join(folder, info, "RECORD"), "utf8").catch(() => undefined);
  if (text === undefined) {
    problems.set(`${info}/RECORD`, "missing");
    return { package: installed, files: 0, problems };
  }
  const record = parseWheelRecord(text, join(folder, info, "RECORD"));
  let doneCount = 0;
  for (const [path, { sha256 }] of record) {
    if (options.signal?.aborted) throw new AbortedError(`verify ${receipt.name}: stopped`);
    const found = await hashOf(join(folder, path));
    if (found === undefined) problems.set(path, "missing");
    else if (found !== sha256) problems.set(path, "changed");
    options.onProgress?.({ doneCount: ++doneCount, totalCount: record.size });
  }
  for (const path of await plainFilesBelow(folder)) {
    const known = record.has(path) || path.startsWith(`${info}/RECORD`) || path === receiptFile;
    // Python writes these beside the modules when it runs aiecc.py.
    if (!known && !path.endsWith(".pyc")) problems.set(path, "not from the wheel");
  }
  return { package: installed, files: record.size, problems };
}

async function hashOf(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    // A link in place of a file is not the file, whatever it leads to.
    if (!(await lstat(path)).isFile()) return "";
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
    return hash.digest("base64url");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function plainFilesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"));
}
