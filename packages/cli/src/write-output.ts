import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UsageError } from "@aiekit/core";

/** Writes a file by renaming a finished one into place, so that Ctrl-C never leaves half of it. */
export async function writeOutput(path: string, cwd: string, bytes: Uint8Array | string): Promise<void> {
  const target = resolve(cwd, path);
  const partial = `${target}.${randomBytes(4).toString("hex")}.partial`;
  try {
    await mkdir(dirname(target), { recursive: true });
    await writeFile(partial, bytes);
    await rename(partial, target);
  } catch (cause) {
    await rm(partial, { force: true });
    throw new UsageError(`${path}: could not be written: ${(cause as Error).message}`, { cause });
  }
}
