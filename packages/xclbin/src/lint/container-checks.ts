import { AiekitError } from "@aiekit/core";
import { refuseForeignFile } from "../foreign-file.ts";
import { sectionKindName } from "../section-kinds.ts";
import type { Finding } from "./rules.ts";

/** What is wrong with the container; where `isReadable` is false nothing more can be told. */
interface ContainerResult {
  readonly findings: readonly Finding[];
  readonly isReadable: boolean;
}

const fixedBytes = 456;
const sectionHeaderBytes = 40;

/** Looks at the header and the section table of what claims to be an xclbin, without reading a section. */
export function checkContainer(bytes: Uint8Array, name: string): ContainerResult {
  const stop = (finding: Finding): ContainerResult => ({ findings: [finding], isReadable: false });
  try {
    refuseForeignFile(bytes, name, "an xclbin");
  } catch (error) {
    if (!(error instanceof AiekitError)) throw error;
    return stop({ code: "foreign-file", where: "the file", cause: error.message.replace(`${name}: `, ""), offset: 0 });
  }
  const magic = new TextDecoder("latin1").decode(bytes.subarray(0, 8));
  if (magic !== "xclbin2\0") {
    const cause = `expected the first bytes "xclbin2", got ${JSON.stringify(magic)}`;
    return stop({ code: "magic", where: "header", cause, offset: 0 });
  }
  if (bytes.length < fixedBytes) {
    const cause = `expected a header of ${fixedBytes} bytes, the file has ${bytes.length}`;
    return stop({ code: "file-cut-off", where: "header", cause, offset: bytes.length });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const declared = view.getBigUint64(304, true);
  const lengthCause = `length: ${declared} bytes declared, the file has ${bytes.length}`;
  if (declared > BigInt(bytes.length)) {
    return stop({ code: "file-cut-off", where: "header", cause: lengthCause, offset: 304 });
  }
  const findings: Finding[] = [];
  if (declared < BigInt(bytes.length)) {
    findings.push({ code: "file-longer", where: "header", cause: lengthCause, offset: 304 });
  }
  const count = view.getUint32(448, true);
  const room = Math.floor((bytes.length - fixedBytes) / sectionHeaderBytes);
  if (count > room) {
    const cause = `${count} sections declared, the file has room for ${room} headers`;
    return stop({ code: "section-count", where: "header", cause, offset: 448 });
  }
  const table = checkTable(view, { count, fileBytes: Number(declared) });
  const uuid = bytes.subarray(416, 432);
  if (uuid.every((byte) => byte === 0)) {
    findings.push({ code: "uuid-zero", where: "header", cause: "the xclbin's uuid is all zeros", offset: 416 });
  }
  const isReadable = !table.some(({ code }) => code === "section-outside" || code === "section-overlap");
  return { findings: [...findings, ...table], isReadable };
}

function checkTable(
  view: DataView,
  { count, fileBytes }: { readonly count: number; readonly fileBytes: number },
): Finding[] {
  const tableEnd = fixedBytes + count * sectionHeaderBytes;
  const findings: Finding[] = [];
  const sections = Array.from({ length: count }, (_, i) => {
    const header = fixedBytes + i * sectionHeaderBytes;
    const kind = view.getUint32(header, true);
    const [offset, size] = [view.getBigUint64(header + 24, true), view.getBigUint64(header + 32, true)];
    return { header, kind, name: sectionKindName(kind), offset, size };
  });
  for (const { header, name, offset, size } of sections) {
    if (offset < BigInt(tableEnd) || offset + size > BigInt(fileBytes)) {
      const cause = `${size} bytes at ${offset}, sections lie from ${tableEnd} to ${fileBytes}`;
      findings.push({ code: "section-outside", where: `section ${name}`, cause, offset: header + 24 });
    } else if (offset % 8n !== 0n) {
      const cause = `it begins at byte ${offset}, expected a multiple of 8`;
      findings.push({ code: "section-misaligned", where: `section ${name}`, cause, offset: header + 24 });
    }
  }
  const sorted = [...sections].sort((a, b) => (a.offset < b.offset ? -1 : 1));
  for (const [i, section] of sorted.entries()) {
    const before = sorted[i - 1];
    if (before === undefined || before.offset + before.size <= section.offset) continue;
    const cause = `it begins at ${section.offset}, inside section ${before.name}`;
    findings.push({ code: "section-overlap", where: `section ${section.name}`, cause, offset: section.header + 24 });
  }
  const firsts = new Map<number, number>();
  for (const { header, kind, name } of sections) {
    const first = firsts.get(kind);
    firsts.set(kind, first ?? header);
    if (first === undefined) continue;
    findings.push({
      code: "section-twice",
      where: `section ${name}`,
      cause: "there is another one before it",
      offset: header,
    });
  }
  return findings;
}
