import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { AbortedError } from "@aiekit/core";

/** What a packaging tool is to find, and the file that it is to make. */
interface FolderWork {
  readonly name: string;
  /** Content by file name. */
  readonly inputs: Readonly<Record<string, string | Uint8Array>>;
  readonly output: string;
}

/** Where packaging tools run. */
export interface WorkFolders {
  /** Runs `work` in a folder that holds the inputs and no output of before. */
  readonly use: <T>(task: FolderWork, work: (folder: string) => Promise<T>) => Promise<T>;
}

/** One folder for all work, which stays. */
export function keptFolder(folder: string): WorkFolders {
  return {
    async use({ inputs, output }, work) {
      const place = resolve(folder);
      await mkdir(place, { recursive: true });
      await layOut(place, inputs);
      // It would pass for the tool's where the tool writes none.
      await rm(join(place, output), { force: true });
      return work(place);
    },
  };
}

/** A folder of its own for each work, which stays only where the work failed. */
export const temporaryFolders: WorkFolders = {
  async use({ inputs }, work) {
    const place = await mkdtemp(join(tmpdir(), "aiekit-pack-"));
    try {
      await layOut(place, inputs);
      const result = await work(place);
      await rm(place, { recursive: true });
      return result;
    } catch (error) {
      if (error instanceof AbortedError) await rm(place, { recursive: true });
      throw error;
    }
  },
};

async function layOut(folder: string, inputs: FolderWork["inputs"]): Promise<void> {
  await Promise.all(Object.entries(inputs).map(([name, content]) => writeFile(join(folder, name), content)));
}
