import { createHash } from "node:crypto";
import { crc32, deflateRawSync } from "node:zlib";

/** One entry of a zip that a test makes; odd ones on purpose. */
export interface ZipEntry {
  readonly name: string;
  readonly content: string | Uint8Array;
  /** Unix mode with type bits; default: a plain file, 0644. */
  readonly mode?: number;
  /** What the zip claims in place of the true size. */
  readonly claimedBytes?: number;
}

/** A zip file with deflated entries. Written here, so that a test can make one that no zip program would. */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, mode = 0o100644, claimedBytes } of entries) {
    const plain = Buffer.from(content as string);
    const packed = deflateRawSync(plain);
    const file = Buffer.from(name, "utf8");
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(0x0800, 2);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc32(plain), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(claimedBytes ?? plain.length, 18);
    fields.writeUInt16LE(file.length, 22);
    parts.push(Buffer.from("PK\u0003\u0004", "latin1"), fields, file, packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\u0001\u0002\u0014\u0003", "latin1"), fields, tail, file);
    offset += 30 + file.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

interface WheelParts {
  readonly name: string;
  readonly version: string;
  readonly entries: readonly ZipEntry[];
  /** Lines for RECORD in place of the right ones. */
  readonly record?: readonly string[];
}

/** A wheel with METADATA and a RECORD that is right unless the test gives another. */
export function wheelOf({ name, version, entries, record }: WheelParts): Buffer {
  const info = `${name}-${version}.dist-info`;
  const metadata = { name: `${info}/METADATA`, content: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n` };
  const all = [...entries, metadata];
  const lines = record ?? all.filter(isFile).map(recordLine);
  const content = `${[...lines, `${info}/RECORD,,`].join("\n")}\n`;
  return zipOf([...all, { name: `${info}/RECORD`, content }]);
}

export function recordLine({ name, content }: ZipEntry): string {
  const bytes = Buffer.from(content as string);
  return `${name},sha256=${createHash("sha256").update(bytes).digest("base64url")},${bytes.length}`;
}

function isFile({ name, mode = 0o100644 }: ZipEntry): boolean {
  return !name.endsWith("/") && (mode & 0o170000) === 0o100000;
}

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
