import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UsageError } from "@aiekit/core";

/**
 * Writes a file by renaming a finished one into place, so that Ctrl-C never leaves half of it.
 * @throws UsageError that says what is wrong with the path.
 */
export async function writeOutput(path: string, cwd: string, bytes: Uint8Array | string): Promise<void> {
  const target = resolve(cwd, path);
  const partial = `${target}.${randomBytes(4).toString("hex")}.partial`;
  try {
    await mkdir(dirname(target), { recursive: true });
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
  try {
    await writeFile(partial, bytes);
    await rename(partial, target);
  } catch (cause) {
    await rm(partial, { force: true });
    throw cannotWrite(path, cause);
  }
}

/**
 * Refuses, before any work is done, a path that `writeOutput` would refuse after it.
 * @throws UsageError for a folder, and for a path below something that is no folder.
 */
export async function expectWritable(path: string, cwd: string): Promise<void> {
  const target = await stat(resolve(cwd, path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw cannotWrite(path, error);
  });
  if (target?.isDirectory()) throw cannotWrite(path, { code: "EISDIR" });
}

function cannotWrite(path: string, cause: unknown): UsageError {
  return new UsageError(`${path}: ${reasonOf(cause as NodeJS.ErrnoException)}`, {
    hint: "give another path to write to",
    cause,
  });
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "EISDIR":
      return "expected a file to write, got a folder";
    case "ENOTDIR":
    case "EEXIST":
      return "expected a path through folders, got one through a file";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "no permission to write there";
    case "ENOSPC":
      return "no space left to write it";
    case "ENOENT":
      return "no file can be made in that folder";
    default:
      // Of "EIO: i/o error, open '/a/b.1234.partial'" the end is this function's own.
      return `could not be written: ${message.replace(/, \w+ '.*$/, "")}`;
  }
}
