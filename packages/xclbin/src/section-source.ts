import { FormatError } from "@aiekit/core";

/** Bytes of a section with what an error needs to point at them: `name` is "file: SECTION", offsets count from the file's start. */
export interface SectionSource {
  readonly name: string;
  readonly fileOffset: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function sectionSource(name: string, fileOffset: number, bytes: Uint8Array): SectionSource {
  return { name, fileOffset, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** @throws FormatError, always; `at` counts from the section's start. */
export function failAt(source: SectionSource, at: number, what: string): never {
  throw new FormatError(`${source.name}: ${what}`, {
    offset: source.fileOffset + at,
    hint: "the file is damaged or was not made by xclbinutil or this kit; build or copy it again",
  });
}

/** @throws FormatError unless `size` bytes from `at` on lie inside the section. */
export function requireRange(source: SectionSource, at: number, size: number, what: string): void {
  const { length } = source.bytes;
  if (at <= length && size <= length - at) return;
  failAt(source, Math.min(at, length), `${what}: expected ${size} bytes at ${at}, section has ${length}`);
}

/** Bytes `at`..`at + size` of the section, not copied. */
export function rangeOf(source: SectionSource, at: number, size: number, what: string): Uint8Array {
  requireRange(source, at, size, what);
  return source.bytes.subarray(at, at + size);
}

/** NUL-terminated text from `at` on; a field of `size` bytes may be full and then has no NUL. */
export function textField(source: SectionSource, at: number, size: number, what: string): string {
  const field = rangeOf(source, at, size, what);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** The fixed-size entries after a count: an i32 at 0, entries from `start` on to the section's end. */
export function entryOffsets(source: SectionSource, start: number, entryBytes: number): number[] {
  requireRange(source, 0, start, "count");
  const count = source.view.getInt32(0, true);
  const room = Math.floor((source.bytes.length - start) / entryBytes);
  if (count < 0 || count > room) failAt(source, 0, `expected a count of 0 to ${room} entries, got ${count}`);
  return Array.from({ length: count }, (_, i) => start + i * entryBytes);
}
