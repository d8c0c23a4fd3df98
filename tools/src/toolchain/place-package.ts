import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../cache/atomic-write.ts";
import { currentFile } from "./installed-packages.ts";
import { isRunning } from "./running-process.ts";

/** Two processes may install one version at once: the second to finish takes the place of the first. */
export async function putInPlace(fresh: string, folder: string): Promise<void> {
  const old = `${fresh}.old`;
  for (let attempt = 1; ; attempt++) {
    await rename(folder, old).catch(unless("ENOENT"));
    await rm(old, { recursive: true, force: true });
    try {
      return await rename(fresh, folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (attempt === 5 || (code !== "ENOTEMPTY" && code !== "EEXIST")) throw error;
    }
  }
}

/** Makes a version the one that builds use. */
export function makeCurrent(
  root: string,
  { name, version }: { readonly name: string; readonly version: string },
): Promise<void> {
  return writeFileAtomic(join(root, name, currentFile), `${version}\n`);
}

/** Removes folders of installations that were killed; those of running processes stay. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of (await readdir(folder).catch(unless("ENOENT"))) ?? []) {
    const pid = /^\..*\.(\d+)-\d+\.tmp(?:\.old)?$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(folder, name), { recursive: true, force: true });
  }
}

function unless(code: string): (error: unknown) => undefined {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
    return undefined;
  };
}
