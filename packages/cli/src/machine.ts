import { execFile } from "node:child_process";
import { cpus } from "node:os";
import { promisify } from "node:util";

/** Where a number was measured. */
export interface Machine {
  readonly cpu: string;
  readonly node: string;
  readonly platform: string;
  /** Short hash, `+` behind it where the working tree differs; null outside a checkout. */
  readonly commit: string | null;
}

export async function describeMachine(): Promise<Machine> {
  return {
    cpu: `${cpus()[0]?.model.trim() ?? "unknown"} x ${cpus().length}`,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    commit: await commitOf(import.meta.dirname),
  };
}

async function commitOf(folder: string): Promise<string | null> {
  const git = (...args: string[]) => promisify(execFile)("git", ["-C", folder, ...args]);
  try {
    const hash = (await git("rev-parse", "--short", "HEAD")).stdout.trim();
    const changes = (await git("status", "--porcelain", "--untracked-files=no")).stdout.trim();
    return changes === "" ? hash : `${hash}+`;
  } catch {
    // No git, or no checkout: a number without a commit is still a number, and the record says null.
    return null;
  }
}
