import { mkdir, statfs } from "node:fs/promises";
import type { WheelHost } from "./wheel-name.ts";

/** This machine, as far as wheels are made for machines. */
export function localWheelHost(): WheelHost {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return { platform: process.platform, arch: process.arch, glibc: report?.header?.glibcVersionRuntime };
}

/** Bytes that this user may still write below a folder, which is made. */
export async function freeBytes(folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
