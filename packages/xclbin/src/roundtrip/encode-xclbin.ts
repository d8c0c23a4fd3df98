import { AiekitError, UsageError } from "@aiekit/core";
import { type Axlf, type AxlfHeader, type AxlfSection, readAxlf, withoutAppended } from "../axlf.ts";
import { readConnectivity, writeConnectivity } from "../connectivity.ts";
import { kernelsOf, readEmbeddedMetadata } from "../embedded-metadata.ts";
import { readIpLayout, writeIpLayout } from "../ip-layout.ts";
import { readMemTopology, writeMemTopology } from "../mem-topology.ts";
import { mirrorData } from "../mirror-data.ts";
import { sectionKindName, sectionKinds } from "../section-kinds.ts";
import { type SectionSource, sectionSource } from "../section-source.ts";
import { uuidBytes } from "../uuid.ts";
import { parseXml, printXml, type XmlElement } from "../xml.ts";
import {
  type Canvas,
  type Encoded,
  encodedPart,
  finish,
  keptPart,
  newCanvas,
  put,
  putEncoded,
  putU32,
  sameBytes,
} from "./canvas.ts";
import { encodePartition } from "./encode-partition.ts";

/**
 * An xclbin: header, section table and every section, each at the place where it was found.
 * @throws FormatError where the container or a section that is interpreted is damaged.
 */
export function encodeXclbin(file: Uint8Array, name: string): Encoded {
  const bytes = withoutAppended(file);
  const { header, sections, trailer } = readAxlf(bytes, name);
  const canvas = newCanvas(file.length);
  // Reserved bytes and the key block of an unsigned file hold ones; a file that has others keeps them.
  canvas.bytes.fill(0xff, 12, 296);
  putHeader(canvas, header, { sections: sections.length, fileBytes: bytes.length });
  for (const [i, section] of sections.entries()) {
    putSectionHeader(canvas, 456 + i * 40, section);
    const what = sectionKindName(section.kind);
    const source = sectionSource(`${name}: ${what}`, section.offset, section.data);
    putEncoded(canvas, section.offset, encodedOrKept(section.kind, source), what);
  }
  if (file.length > bytes.length) {
    const kept = keptPart(file.subarray(bytes.length), "bytes behind the xclbin", "its header does not count them");
    putEncoded(canvas, bytes.length, kept, "bytes behind the xclbin");
  }
  if (trailer.length > 0)
    putEncoded(canvas, bytes.length - trailer.length, encodeTrailer({ header, sections, trailer }, name), "trailer");
  return finish(canvas);
}

function putHeader(
  canvas: Canvas,
  header: AxlfHeader,
  counts: { readonly sections: number; readonly fileBytes: number },
) {
  const text = (value: string) => new TextEncoder().encode(value);
  put(canvas, 0, text("xclbin2\0"), "magic");
  putU32(canvas, 8, header.signatureLength >>> 0, "signature_length");
  const times = [header.uniqueId, BigInt(counts.fileBytes), header.timestampSeconds, header.featureRomTimestamp];
  times.forEach((value, i) => {
    const at = [296, 304, 312, 320][i]!;
    putU32(canvas, at, Number(value & 0xffffffffn), "header");
    putU32(canvas, at + 4, Number(value >> 32n), "header");
  });
  putU32(canvas, 328, header.versionPatch | (header.versionMajor << 16) | (header.versionMinor << 24), "version");
  putU32(canvas, 332, header.mode | (header.actionMask << 16), "mode");
  put(canvas, 336, uuidBytes(header.interfaceUuid), "interface_uuid");
  put(canvas, 352, text(header.platform), "platform");
  put(canvas, 416, uuidBytes(header.uuid), "uuid");
  put(canvas, 432, text(header.debugBin), "debug_bin");
  putU32(canvas, 448, counts.sections, "section count");
}

function putSectionHeader(canvas: Canvas, at: number, { kind, name, offset, data }: AxlfSection): void {
  const what = `header of section ${sectionKindName(kind)}`;
  putU32(canvas, at, kind, what);
  put(canvas, at + 4, new TextEncoder().encode(name), what);
  for (const [field, value] of [[24, offset] as const, [32, data.length] as const]) {
    putU32(canvas, at + field, value % 2 ** 32, what);
    putU32(canvas, at + field + 4, Math.floor(value / 2 ** 32), what);
  }
}

/** A section with something that its writer refuses (a name without a NUL) is kept, and says why. */
function encodedOrKept(kind: number, source: SectionSource): Encoded {
  try {
    return encodeSection(kind, source);
  } catch (error) {
    if (error instanceof UsageError) return keptPart(source.bytes, sectionKindName(kind), error.message);
    throw error;
  }
}

function encodeSection(kind: number, source: SectionSource): Encoded {
  const what = sectionKindName(kind);
  switch (kind) {
    case sectionKinds.memTopology:
    case sectionKinds.groupTopology: {
      const banks = readMemTopology(source);
      // A pad of 4 bytes behind the count, one of 6 in each entry, and what follows a tag's NUL.
      const pads = banks.flatMap(({ tag }, i) => [
        { from: 10 + i * 40, to: 16 + i * 40 },
        { from: 33 + i * 40 + textBytes(tag), to: 48 + i * 40 },
      ]);
      return encodeList(source, { data: writeMemTopology(banks), pads: [{ from: 4, to: 8 }, ...pads], what });
    }
    case sectionKinds.connectivity:
    case sectionKinds.groupConnectivity:
      return encodeList(source, { data: writeConnectivity(readConnectivity(source)), pads: [], what });
    case sectionKinds.ipLayout: {
      const entries = readIpLayout(source);
      const pads = entries.map(({ name }, i) => ({ from: 25 + i * 80 + textBytes(name), to: 88 + i * 80 }));
      return encodeList(source, { data: writeIpLayout(entries), pads: [{ from: 4, to: 8 }, ...pads], what });
    }
    case sectionKinds.embeddedMetadata:
      return encodeMetadata(source, what);
    case sectionKinds.aiePartition:
      return encodePartition(source);
    default:
      return keptPart(source.bytes, what, "not interpreted: NPUs do not use it");
  }
}

/** xclbinutil's JSON copy of the header, made again from the sections; other bytes are kept. */
function encodeTrailer({ header, sections, trailer: all }: Axlf, name: string): Encoded {
  // A signature is the file's end. Source: XRT icap.c, icap_verify_signed_signature.
  const signed = header.signatureLength;
  if (signed > 0 && signed <= all.length) {
    const canvas = newCanvas(all.length);
    const at = all.length - signed;
    const unsigned = { header: { ...header, signatureLength: -1 }, sections, trailer: all.subarray(0, at) };
    if (at > 0) putEncoded(canvas, 0, encodeTrailer(unsigned, name), "trailer");
    putEncoded(canvas, at, keptPart(all.subarray(at), "signature", "a signature cannot be made again"), "signature");
    return finish(canvas);
  }
  const trailer = all;
  const start = "XCLBIN_MIRROR_DATA_START";
  if (new TextDecoder("latin1").decode(trailer.subarray(0, start.length)) !== start) {
    return keptPart(trailer, "bytes behind the last section", "no section covers them");
  }
  const listOf = <T>(kind: number, read: (source: SectionSource) => T[]): T[] => {
    const section = sections.find((candidate) => candidate.kind === kind);
    return section === undefined ? [] : read(sectionSource(name, section.offset, section.data));
  };
  let made: Uint8Array;
  try {
    made = mirrorData({
      header,
      sections,
      banks: listOf(sectionKinds.memTopology, readMemTopology),
      entries: listOf(sectionKinds.ipLayout, readIpLayout),
      connections: listOf(sectionKinds.connectivity, readConnectivity),
      groupConnections: listOf(sectionKinds.groupConnectivity, readConnectivity),
    });
  } catch (error) {
    if (error instanceof AiekitError) return keptPart(trailer, "mirror data", error.message);
    throw error;
  }
  // Some releases end the JSON with a line feed.
  const text = new TextDecoder().decode(made);
  const withLineFeed = new TextEncoder().encode(text.replace(/XCLBIN_MIRROR_DATA_END$/, "\nXCLBIN_MIRROR_DATA_END"));
  const same = [made, withLineFeed].find((bytes) => sameBytes(bytes, trailer));
  if (same !== undefined) return encodedPart(same, "mirror data");
  return keptPart(trailer, "mirror data", "the copy of the header for xclbinutil differs from the one made here");
}

interface List {
  readonly data: Uint8Array;
  /** Ranges of padding in the section, in order. */
  readonly pads: readonly { readonly from: number; readonly to: number }[];
  readonly what: string;
}

function encodeList(source: SectionSource, { data, pads, what }: List): Encoded {
  const canvas = newCanvas(source.bytes.length);
  let from = 0;
  for (const pad of [...pads, { from: data.length, to: data.length }]) {
    if (pad.from > from) put(canvas, from, data.subarray(from, pad.from), what);
    from = pad.to;
  }
  canvas.parts.push({ what, at: 0, bytes: source.bytes.length, how: "encoded" });
  return finish(canvas);
}

/** The XML as xclbinutil prints it where that gives the same bytes; else its text is kept, its meaning compared. */
function encodeMetadata(source: SectionSource, what: string): Encoded {
  const root = readEmbeddedMetadata(source);
  kernelsOf(root, source);
  const printed = printXml(root);
  const size = source.bytes.length;
  if (sameBytes(printed, source.bytes)) {
    return { bytes: printed, open: [], parts: [{ what, at: 0, bytes: size, how: "encoded" }] };
  }
  const isSame = JSON.stringify(meaning(parseXml(printed))) === JSON.stringify(meaning(root));
  const why = isSame
    ? "same elements and attributes, its text laid out otherwise than xclbinutil's"
    : "its text does not come back from its elements";
  return keptPart(source.bytes, what, why);
}

function meaning({ name, attributes, children, text }: XmlElement): unknown {
  return [name, attributes, text, children.map(meaning)];
}

function textBytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
