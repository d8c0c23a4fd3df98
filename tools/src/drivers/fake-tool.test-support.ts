import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A program of a few lines that prints and leaves behind what a real tool does. Gives its path. */
export async function fakeTool(folder: string, name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}
