import type { Manifest } from "./manifest.ts";
import { sha256 } from "./sha256.ts";

/** The text of a manifest with its own hash as the last field: of the text with zeros in the hash's place. */
export function sealManifest(manifest: Manifest): string {
  const text = `${JSON.stringify({ ...manifest, sha256: unknown }, undefined, 2)}\n`;
  return replaceLast(text, unknown, sha256(text));
}

/** What the text hashes to where it is not what `claimed`, its last field, says. */
export function brokenSeal(text: string, claimed: string): string | undefined {
  const found = sha256(replaceLast(text, claimed, unknown));
  return found === claimed ? undefined : found;
}

const unknown = "0".repeat(64);

function replaceLast(text: string, old: string, replacement: string): string {
  const at = text.lastIndexOf(old);
  return text.slice(0, at) + replacement + text.slice(at + old.length);
}
