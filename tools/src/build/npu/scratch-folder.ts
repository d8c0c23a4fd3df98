import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Folders that steps run their tools in. */
export interface ScratchFolders {
  /** A new folder for one run of a step, with these files (name in it -> content). */
  readonly open: (step: string, files: ReadonlyMap<string, Uint8Array | string>) => Promise<ScratchFolder>;
}

export interface ScratchFolder {
  readonly path: string;
  /** Removes it. */
  readonly remove: () => Promise<void>;
  /** Moves it to where the user finds it after a failure, in place of that of an earlier one. @returns the new path. */
  readonly keepFailed: () => Promise<string>;
}

let counter = 0;

/** Scratch folders below `root`; `failedRoot` receives those of failed steps. */
export function scratchFolders(root: string, failedRoot: string): ScratchFolders {
  return {
    async open(step, files) {
      const path = join(root, `${process.pid}-${counter++}`);
      await mkdir(path, { recursive: true });
      const folder: ScratchFolder = {
        path,
        remove: () => rm(path, { recursive: true, force: true }),
        async keepFailed() {
          const kept = join(failedRoot, fileNameOf(step));
          await rm(kept, { recursive: true, force: true });
          await mkdir(failedRoot, { recursive: true });
          await rename(path, kept);
          return kept;
        },
      };
      try {
        for (const [name, content] of files) {
          await mkdir(dirname(join(path, name)), { recursive: true });
          await writeFile(join(path, name), content);
        }
      } catch (error) {
        await folder.remove();
        throw error;
      }
      return folder;
    },
  };
}

/** Removes scratch folders of builds that were killed. */
export async function removeAbandonedScratch(root: string): Promise<void> {
  const names = await readdir(root).catch(() => []);
  for (const name of names) {
    const pid = /^(\d+)-\d+$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(root, name), { recursive: true, force: true });
  }
}

/** A step's name as a file name: `link core (0,2)` -> `link-core-0-2`. */
export function fileNameOf(step: string): string {
  return step.replace(/[^\w.]+/g, "-").replace(/^-|-$/g, "");
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
