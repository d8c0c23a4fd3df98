import { FormatError } from "@aiekit/core";

interface ForeignKind {
  readonly what: string;
  readonly first: string;
  readonly hint: string;
}

const kinds: readonly ForeignKind[] = [
  { what: "a Git LFS pointer", first: "version https://git-lfs", hint: "fetch the real file: git lfs pull" },
  {
    what: "an ELF file",
    first: "\x7fELF",
    hint: "it belongs to the ELF flow (aiebu) or is a core's program; name the xclbin or the insts.bin of the build instead",
  },
  { what: "a gzip archive", first: "\x1f\x8b", hint: "unpack it first: gzip -d" },
  { what: "a zip archive", first: "PK\x03\x04", hint: "unpack it first" },
  { what: "a WebAssembly module", first: "\0asm", hint: "it is one core's program; name the xclbin instead" },
];

/**
 * Files that turn up in place of a build product are refused by name, which says more than "wrong magic".
 * @throws FormatError for an empty file, a Git LFS pointer, an ELF, an archive or a WebAssembly module.
 */
export function refuseForeignFile(bytes: Uint8Array, name: string, expected: string): void {
  if (bytes.length === 0) {
    throw new FormatError(`${name}: expected ${expected}, got an empty file`, { offset: 0, hint: "build it again" });
  }
  const start = String.fromCharCode(...bytes.subarray(0, 32));
  const kind = kinds.find(({ first }) => start.startsWith(first));
  if (kind !== undefined) {
    throw new FormatError(`${name}: expected ${expected}, got ${kind.what}`, { offset: 0, hint: kind.hint });
  }
}
