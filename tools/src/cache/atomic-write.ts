import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

let counter = 0;

/** Writes a file so that readers see the old content or the new, never a part; makes its folder. */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = temporarySibling(path);
  try {
    await writeFile(partial, content);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/**
 * Replaces a folder by one with exactly these files (path inside the folder -> content). The new folder is complete
 * before it takes the old one's place: an interruption leaves the old folder or none, never a mixture.
 */
export async function replaceFolder(folder: string, files: ReadonlyMap<string, Uint8Array | string>): Promise<void> {
  await removeAbandoned(folder);
  const fresh = temporarySibling(folder);
  const old = temporarySibling(folder);
  try {
    await mkdir(fresh, { recursive: true });
    for (const [path, content] of files) {
      await mkdir(dirname(join(fresh, path)), { recursive: true });
      await writeFile(join(fresh, path), content);
    }
    await swap({ folder, fresh, old });
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

/** Two processes may build one kernel at once: the loser of a race takes the winner's folder away and tries again. */
async function swap({ folder, fresh, old }: { folder: string; fresh: string; old: string }): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await rm(old, { recursive: true, force: true });
    await rename(folder, old).catch(unless("ENOENT"));
    try {
      return await rename(fresh, folder);
    } catch (error) {
      if (attempt === 5 || !isCode(error, "ENOTEMPTY", "EEXIST")) throw error;
    }
  }
}

/** Removes what builds that were killed left beside `folder`; those of running processes stay. */
async function removeAbandoned(folder: string): Promise<void> {
  const parent = dirname(folder);
  const names = await readdir(parent).catch(unless("ENOENT"));
  for (const name of names ?? []) {
    const pid = temporaryPid(name, basename(folder));
    if (pid !== undefined && !isRunning(pid)) await rm(join(parent, name), { recursive: true, force: true });
  }
}

function temporarySibling(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${counter++}.tmp`);
}

function temporaryPid(name: string, base: string): number | undefined {
  if (!name.startsWith(`.${base}.`)) return undefined;
  const match = /^(\d+)-\d+\.tmp$/.exec(name.slice(base.length + 2));
  return match ? Number(match[1]) : undefined;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, "EPERM");
  }
}

function unless(code: string): (error: unknown) => undefined {
  return (error) => {
    if (!isCode(error, code)) throw error;
    return undefined;
  };
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? "");
}
