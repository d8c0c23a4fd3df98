import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AiekitError } from "@aiekit/core";

/** Folders that steps run their tools in. */
export interface ScratchFolders {
  /** A new folder for one run of a step, with these files (name in it -> content). */
  readonly open: (step: string, files: ReadonlyMap<string, Uint8Array | string>) => Promise<ScratchFolder>;
}

interface ScratchFolder {
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

/** One run of a step in a folder of its own. */
interface ScratchWork<T> {
  readonly step: string;
  readonly files: ReadonlyMap<string, Uint8Array | string>;
  readonly work: (path: string) => Promise<T>;
  /** What is thrown for a failure whose folder was kept at `kept`; while it ran it was `path`. */
  readonly explain: (error: AiekitError, kept: string, path: string) => AiekitError | Promise<AiekitError>;
}

/** Runs a step's work in a new folder. A failure keeps the folder; an end that the user asked for does not. */
export async function inScratch<T>(
  scratch: ScratchFolders,
  { step, files, work, explain }: ScratchWork<T>,
): Promise<T> {
  const folder = await scratch.open(step, files);
  try {
    const result = await work(folder.path);
    await folder.remove();
    return result;
  } catch (error) {
    if (!(error instanceof AiekitError) || error.code === "aborted" || error.code === "tool-missing") {
      await folder.remove();
      throw error;
    }
    throw await explain(error, await folder.keepFailed(), folder.path);
  }
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
