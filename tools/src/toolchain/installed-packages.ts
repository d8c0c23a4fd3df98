import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "@aiekit/core";

/** What was unpacked into the private folder, written beside it as `aiekit-receipt.json`. */
export interface Receipt {
  /** Name of the distribution, `mlir_aie` or `llvm_aie`. */
  readonly name: string;
  readonly version: string;
  /** File name of the wheel. */
  readonly wheel: string;
  readonly sha256: string;
  /** Who vouches for the hash: the lock, the user, or nobody (the first download was believed). */
  readonly trust: "lock" | "given" | "first use";
  /** Address or path the wheel came from. */
  readonly source: string;
  /** ISO 8601, UTC. */
  readonly installed: string;
  readonly files: number;
  readonly bytes: number;
}

export interface InstalledPackage {
  /** Holds what the wheel holds: `mlir_aie/bin`, `llvm-aie/bin`. */
  readonly folder: string;
  readonly receipt: Receipt;
  /** The one that builds use, where several versions are installed. */
  readonly current: boolean;
}

export const receiptFile = "aiekit-receipt.json";

/** File beside the versions of a package that names the one to use. */
export const currentFile = "current";

/** Layout of the private folder: `<root>/<package>/<version>/` and `<root>/<package>/current`. */
export async function installedPackages(root: string): Promise<readonly InstalledPackage[]> {
  const found: InstalledPackage[] = [];
  for (const name of await foldersOf(root)) {
    const current = await currentVersion(root, name);
    for (const version of await foldersOf(join(root, name))) {
      const folder = join(root, name, version);
      const receipt = await readReceipt(folder);
      if (receipt) found.push({ folder, receipt, current: version === current });
    }
  }
  return found;
}

/** The version of a package that builds use; undefined where none is installed. */
export async function currentPackage(root: string, name: string): Promise<InstalledPackage | undefined> {
  const version = await currentVersion(root, name);
  if (version === undefined) return undefined;
  const folder = join(root, name, version);
  const receipt = await readReceipt(folder);
  return receipt && { folder, receipt, current: true };
}

async function currentVersion(root: string, name: string): Promise<string | undefined> {
  const text = (await readFile(join(root, name, currentFile), "utf8").catch(absent))?.trim();
  // A version is a folder name, never a way out of the private folder.
  return text && /^[0-9A-Za-z][0-9A-Za-z.+_-]*$/.test(text) ? text : undefined;
}

async function readReceipt(folder: string): Promise<Receipt | undefined> {
  const path = join(folder, receiptFile);
  const text = await readFile(path, "utf8").catch(absent);
  if (text === undefined) return undefined;
  try {
    const receipt = JSON.parse(text) as Receipt;
    if (typeof receipt.version === "string" && typeof receipt.sha256 === "string") return receipt;
  } catch {
    // Said below, for both kinds of damage.
  }
  throw new FormatError(`${path}: not a receipt of an installation`, {
    hint: "remove that folder and install again: aiekit toolchain install",
  });
}

async function foldersOf(path: string): Promise<readonly string[]> {
  const entries = (await readdir(path, { withFileTypes: true }).catch(absent)) ?? [];
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => entry.name)
    .sort();
}

function absent(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return undefined;
  throw error;
}
