import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isRunning } from "./running-process.ts";

/** A partly downloaded file that this process owns: its name says whose it is. */
export interface PartialDownload {
  readonly path: string;
  /** Gives it up and leaves what is there to the next who downloads that file. */
  release(): Promise<void>;
  remove(): Promise<void>;
}

/** Another process is at it: it is alive and its file grew lately. */
export interface BusyDownload {
  readonly busyPid: number;
}

/** A live process whose file has not grown for so long is not waited for: its number may belong to another program. */
const staleMs = 60_000;

let counter = 0;

/** In place of the number of a process: a remainder that anyone may take. */
const nobody = 0;

/**
 * Takes over what is left of an earlier download of `file`, or begins a new one. Ownership is a rename, so of two
 * processes that want the same remainder one gets it.
 */
export async function claimPartial(folder: string, file: string): Promise<PartialDownload | BusyDownload> {
  await mkdir(folder, { recursive: true });
  const number = counter++;
  const own = join(folder, `${file}@${process.pid}-${number}.part`);
  const others = await partsOf(folder, file);
  const busy = others.find((part) => part.alive);
  if (busy !== undefined) return { busyPid: busy.pid };
  const largest = others.sort((a, b) => b.bytes - a.bytes)[0];
  const taken = largest !== undefined && (await rename(largest.path, own).then(() => true, isGone));
  if (!taken) await (await open(own, "wx")).close();
  const rival = (await partsOf(folder, file)).find(
    // Of two that begin at the same time the lower number goes on; should neither see the other, both download.
    (part) => part.alive && part.path !== own && (part.bytes > 0 || isLower(part, { pid: process.pid, number })),
  );
  const claimed = partial(folder, file, own);
  if (rival === undefined) return claimed;
  await (taken ? claimed.release() : claimed.remove());
  return { busyPid: rival.pid };
}

function partial(folder: string, file: string, path: string): PartialDownload {
  return {
    path,
    release: async () => {
      const { size } = await stat(path).catch(() => ({ size: 0 }));
      if (size === 0) await rm(path, { force: true });
      else await rename(path, join(folder, `${file}@${nobody}-${process.pid}-${counter++}.part`));
    },
    remove: () => rm(path, { force: true }),
  };
}

interface PartName {
  readonly pid: number;
  readonly number: number;
}

function isLower(a: PartName, b: PartName): boolean {
  return a.pid === b.pid ? a.number < b.number : a.pid < b.pid;
}

interface Part extends PartName {
  readonly path: string;
  readonly bytes: number;
  readonly alive: boolean;
}

async function partsOf(folder: string, file: string): Promise<Part[]> {
  const parts: Part[] = [];
  for (const name of await readdir(folder)) {
    const match = /^@(\d+)-(?:\d+-)?(\d+)\.part$/.exec(name.startsWith(file) ? name.slice(file.length) : "");
    if (match === null) continue;
    const path = join(folder, name);
    const info = await stat(path).catch(() => undefined);
    if (info === undefined) continue;
    const pid = Number(match[1]);
    parts.push({
      path,
      pid,
      number: Number(match[2]),
      bytes: info.size,
      alive: isRunning(pid) && Date.now() - info.mtimeMs < staleMs,
    });
  }
  return parts;
}

function isGone(error: NodeJS.ErrnoException): false {
  if (error.code === "ENOENT") return false;
  throw error;
}
