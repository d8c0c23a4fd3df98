import { UsageError } from "@aiekit/core";

/** 16 bytes as 8-4-4-4-12 hex digits, in the order of the bytes. */
export function uuidText(bytes: Uint8Array): string {
  const hex = [...bytes.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** @throws UsageError unless the text is 32 hex digits, dashes or not. */
export function uuidBytes(text: string): Uint8Array {
  const hex = text.replaceAll("-", "");
  if (!/^[0-9a-f]{32}$/i.test(hex)) throw new UsageError(`uuid: expected 32 hex digits, got ${JSON.stringify(text)}`);
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16));
}
