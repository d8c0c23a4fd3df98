import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { WrittenFile } from "./onnx/write-model.ts";

/** Names the files of an entry, with their sizes and hashes; written last. */
const listFile = "files.json";

type Files = Readonly<Record<string, WrittenFile>>;

/**
 * The folder of entry `key`, made by `write` where there is none, or where a file of it is not what was written. An entry
 * appears whole or not at all; of two programs that make one at once, the first stays.
 */
export async function cachedFolder(
  root: string,
  key: string,
  write: (folder: string) => Promise<Files>,
): Promise<string> {
  const folder = join(root, key);
  if (await isSound(folder)) return folder;
  await mkdir(root, { recursive: true });
  await removeAbandoned(root);
  const fresh = join(root, `.${key}.${process.pid}-${counter++}.tmp`);
  try {
    await mkdir(fresh);
    await writeFile(join(fresh, listFile), JSON.stringify(await write(fresh), null, 2));
    if (!(await isSound(folder))) await rm(folder, { recursive: true, force: true });
    await rename(fresh, folder).catch(async (error: NodeJS.ErrnoException) => {
      if (!(await isSound(folder))) throw error;
    });
    return folder;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

let counter = 0;

async function isSound(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, listFile), "utf8").catch(unless("ENOENT", "ENOTDIR"));
  if (text === undefined) return false;
  const files = listed(text);
  if (files === undefined) return false;
  for (const [name, { sizeBytes, sha256 }] of Object.entries(files)) {
    const path = join(folder, name);
    const info = await stat(path).catch(unless("ENOENT"));
    if (info?.size !== sizeBytes || (await fileHash(path)) !== sha256) return false;
  }
  return true;
}

/** What the list says, or undefined where it is damaged. */
function listed(text: string): Files | undefined {
  try {
    const files: Files = JSON.parse(text);
    const isFile = (file: unknown) =>
      typeof file === "object" && file !== null && "sizeBytes" in file && "sha256" in file;
    return Object.keys(files).length > 0 && Object.values(files).every(isFile) ? files : undefined;
  } catch {
    return undefined;
  }
}

async function fileHash(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece);
  return hash.digest("hex");
}

/** What programs that were killed left; that of running ones stays. */
async function removeAbandoned(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const pid = /^\..*\.(\d+)-\d+\.tmp$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(root, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function unless(...codes: string[]): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (!codes.includes(error.code ?? "")) throw error;
    return undefined;
  };
}
