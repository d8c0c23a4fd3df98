import { FormatError } from "@aiekit/core";

/** What a wheel's RECORD says of one file. */
export interface RecordedFile {
  /** SHA-256 in URL-safe base64 without padding, as RECORD has it. */
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * A wheel's `*.dist-info/RECORD`: path -> hash and size of every file but RECORD itself and its signatures.
 * Source: Python packaging, "Recording installed projects", CSV with the columns path, hash, size.
 * @throws FormatError that names the line.
 */
export function parseWheelRecord(text: string, path: string): ReadonlyMap<string, RecordedFile> {
  const files = new Map<string, RecordedFile>();
  const lines = text.split(/\r?\n/);
  for (const [i, line] of lines.entries()) {
    if (line === "") continue;
    const match = /^(?:"((?:[^"]|"")*)"|([^",]*)),([^,]*),([^,]*)$/.exec(line);
    if (match === null) throw new FormatError(`${path}: line ${i + 1}: expected path,hash,size`);
    const name = match[1]?.replaceAll('""', '"') ?? match[2] ?? "";
    const [, , , hash = "", size = ""] = match;
    if (hash === "") continue;
    const sha256 = /^sha256=([A-Za-z0-9_-]{43})=?$/.exec(hash)?.[1];
    if (sha256 === undefined || !/^\d*$/.test(size))
      throw new FormatError(`${path}: line ${i + 1}: expected sha256=... and a size, got ${hash},${size}`);
    files.set(name, { sha256, bytes: size === "" ? -1 : Number(size) });
  }
  return files;
}
