import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * A file of the optional data, which lies beside the repository where it is at hand: recordings of other projects that
 * checks read but that are not part of this one. `skipReason` says why a test is skipped without it.
 */
export function optionalFile(name: string): { readonly bytes: Uint8Array; readonly skipReason: string | undefined } {
  const path = fileURLToPath(new URL(`../../../shared/data/${name}`, import.meta.url));
  if (!existsSync(path)) return { bytes: new Uint8Array(), skipReason: `no optional data file ${name}` };
  return { bytes: new Uint8Array(readFileSync(path)), skipReason: undefined };
}
