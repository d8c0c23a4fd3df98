import { existsSync, readFileSync } from "node:fs";

/**
 * A file of the optional data, which lies beside the repository where it is at hand: xclbins of other projects that
 * checks read but that are not part of this one. `skipReason` says why a test is skipped without it.
 */
export function optionalFile(name: string): { readonly bytes: Uint8Array; readonly skipReason: string | undefined } {
  const path = new URL(`../../../shared/data/${name}`, import.meta.url);
  if (!existsSync(path)) return { bytes: new Uint8Array(), skipReason: `no optional data file ${name}` };
  return { bytes: new Uint8Array(readFileSync(path)), skipReason: undefined };
}
