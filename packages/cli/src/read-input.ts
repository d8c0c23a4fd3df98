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

/** Text of a design that the user named. @throws FormatError for a file that is no text, as well. */
export async function readDesignText(path: string, cwd: string): Promise<string> {
  const bytes = await readInput(path, cwd);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // No UTF-8: told below.
  }
  throw new FormatError(`${path}: expected a design, MLIR as text, got a file that is no text`, {
    hint: `aiekit inspect ${path} says what it is, if it is a build product`,
  });
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
