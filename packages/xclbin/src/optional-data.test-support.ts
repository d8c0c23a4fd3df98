import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Files of other projects (real xclbins, instruction streams, speech) that checks read where they are at hand, beside the
 * repository. Nothing is there on most machines: `skipReason` then says why a test is skipped.
 */
export function optionalData(folder: string): {
  readonly files: readonly string[];
  readonly skipReason: string | undefined;
} {
  const path = fileURLToPath(new URL(`../../../../shared/data/${folder}/`, import.meta.url));
  if (existsSync(path)) return { files: readdirSync(path).map((file) => path + file), skipReason: undefined };
  return { files: [], skipReason: `no optional data folder ${folder}` };
}

/** A file of this package's `fixtures`. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../fixtures/${name}`, import.meta.url)));
}
