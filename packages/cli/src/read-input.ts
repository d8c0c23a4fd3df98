import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { FormatError } from "@aiekit/core";

/** Reads a file that the user named. @throws FormatError that says what is wrong with the path. */
export async function readInput(path: string, cwd: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(resolve(cwd, path)));
  } catch (cause) {
    throw new FormatError(`${path}: ${reasonOf(cause as NodeJS.ErrnoException)}`, { cause });
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ENOENT":
      return "there is no such file";
    case "EISDIR":
      return "expected a file, got a folder";
    case "EACCES":
      return "no permission to read this file";
    default:
      return `could not be read: ${error.message}`;
  }
}
