import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * Removes the results that were used longest ago until the rest is no larger than `maxBytes`. What a build that was
 * killed left half-written is never used and goes with them.
 */
export async function pruneStepCache(root: string, maxBytes: number): Promise<void> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        // Another build may remove a file between the listing and here.
        const info = await stat(path).catch(() => undefined);
        return { path, sizeBytes: info?.size ?? 0, usedMs: info?.mtimeMs ?? 0 };
      }),
  );
  let keptBytes = 0;
  for (const file of files.sort((a, b) => b.usedMs - a.usedMs)) {
    keptBytes += file.sizeBytes;
    if (keptBytes > maxBytes) await rm(file.path, { force: true });
  }
}
