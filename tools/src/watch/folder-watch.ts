import { type FSWatcher, watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

export interface FolderWatch {
  close(): void;
}

/**
 * Calls `onChange` when something in or below the folders has changed and then nothing has for `debounceMs`. Folders are
 * watched rather than files: an editor that writes a new file and renames it over the old one is seen too.
 */
export async function watchFolders(
  roots: readonly string[],
  options: { readonly debounceMs: number; readonly onChange: () => void },
): Promise<FolderWatch> {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const forget = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  const onEvent = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void follow().then(() => closed || options.onChange()), options.debounceMs);
  };

  /** Folders come and go: those that are new are watched, those that are gone are not. */
  async function follow(): Promise<void> {
    const present = new Set((await Promise.all(roots.map(foldersBelow))).flat());
    if (closed) return;
    for (const folder of watchers.keys()) if (!present.has(folder)) forget(folder);
    for (const folder of present) {
      if (watchers.has(folder)) continue;
      // An error means that the folder is gone: whatever removed it made an event in the folder above.
      watchers.set(
        folder,
        watch(folder, onEvent).on("error", () => forget(folder)),
      );
    }
  }

  await follow();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      for (const folder of [...watchers.keys()]) forget(folder);
    },
  };
}

async function foldersBelow(root: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const below = entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
    return [root, ...below];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
