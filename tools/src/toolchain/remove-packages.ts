import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "@aiekit/core";
import { currentFile, type InstalledPackage, installedPackages } from "./installed-packages.ts";
import { makeCurrent } from "./place-package.ts";

interface RemoveRequest {
  readonly root: string;
  /** `name` for every version of a package, `name@version` for one; everything when empty. */
  readonly names: readonly string[];
  /** Only what is left of downloads that did not end. */
  readonly downloads: boolean;
}

/** Removes installed packages; where the version in use goes and others are there, the newest of them is used. */
export async function removePackages(request: RemoveRequest): Promise<readonly string[]> {
  const { root, names } = request;
  const downloads = join(root, ".downloads");
  if (request.downloads) return removeAll(downloads);
  const installed = await installedPackages(root);
  const matches = ({ receipt }: InstalledPackage): boolean =>
    names.length === 0 || names.includes(receipt.name) || names.includes(`${receipt.name}@${receipt.version}`);
  const unknown = names.find((name) => !installed.some((one) => matchesName(one, name)));
  if (unknown !== undefined) {
    const known = installed.map(({ receipt }) => `${receipt.name}@${receipt.version}`);
    throw new UsageError(`${unknown}: not installed in ${root}; there is ${known.join(", ") || "nothing"}`);
  }
  const removed = installed.filter(matches);
  for (const { folder } of removed) await rm(folder, { recursive: true, force: true });
  const left = installed.filter((one) => !matches(one));
  for (const name of new Set(removed.map(({ receipt }) => receipt.name))) await settleCurrent(root, name, left);
  return removed.map(({ folder }) => folder);
}

function matchesName({ receipt }: InstalledPackage, name: string): boolean {
  return name === receipt.name || name === `${receipt.name}@${receipt.version}`;
}

async function settleCurrent(root: string, name: string, left: readonly InstalledPackage[]): Promise<void> {
  const others = left.filter(({ receipt }) => receipt.name === name);
  if (others.some(({ current }) => current)) return;
  const newest = [...others].sort((a, b) => b.receipt.installed.localeCompare(a.receipt.installed))[0];
  if (newest === undefined) await rm(join(root, name, currentFile), { force: true });
  else await makeCurrent(root, newest.receipt);
}

async function removeAll(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  await rm(folder, { recursive: true, force: true });
  return names.map((name) => join(folder, name));
}
