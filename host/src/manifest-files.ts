import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type FileRef, FormatError, type Manifest, UsageError } from "@aiekit/core";

/** @throws FormatError for a file that cannot be read. */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(path));
}

/** Bytes and path of a build's full ELF. @throws UsageError for a build without one. */
export async function readFullElf(folder: string, manifest: Manifest): Promise<[Uint8Array, string]> {
  if (manifest.fullElf !== undefined) return [await readChecked(folder, manifest.fullElf), manifest.fullElf.path];
  throw new UsageError(`${manifest.kernel}: the build has no full ELF`, {
    hint: `aiekit build ${manifest.kernel} --insts-format full-elf`,
  });
}

/** A file of a build. @throws FormatError where it is missing or differs from the manifest. */
export async function readChecked(folder: string, ref: FileRef): Promise<Uint8Array> {
  const path = resolve(folder, ref.path);
  const bytes = await readBytes(path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== ref.sha256) {
    throw new FormatError(`${path}: expected sha256 ${ref.sha256} (manifest), got ${sha256} (${bytes.length} bytes)`, {
      hint: "the file was changed after the build: aiekit build KERNEL --force",
    });
  }
  return bytes;
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new FormatError(`${path}: could not be read: ${(cause as Error).message}`, {
      hint: "build the kernel first: aiekit build KERNEL",
      cause,
    });
  }
}
