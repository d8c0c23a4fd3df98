import { readdir, readFile, stat } from "node:fs/promises";

/** Reads of sysfs, /proc and /etc that answer undefined or nothing where there is no such file. */
export async function readTrimmed(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

export async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}
