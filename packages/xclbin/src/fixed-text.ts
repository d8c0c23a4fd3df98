import { UsageError } from "@aiekit/core";

/** Text of a fixed field, NUL-terminated and padded with NULs. @throws UsageError where it does not fit. */
export function fixedText(text: string, sizeBytes: number, what: string): Uint8Array {
  const encoded = new TextEncoder().encode(text);
  if (encoded.length >= sizeBytes) {
    throw new UsageError(`${what}: expected at most ${sizeBytes - 1} bytes, got ${encoded.length}: ${text}`);
  }
  const field = new Uint8Array(sizeBytes);
  field.set(encoded);
  return field;
}
