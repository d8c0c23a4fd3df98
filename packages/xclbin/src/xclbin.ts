import type { AiePartition } from "./aie-partition.ts";
import { readAiePartition } from "./aie-partition.ts";
import { writeAiePartition } from "./aie-partition-writer.ts";
import { type AxlfHeader, type AxlfSection, readAxlf, writeAxlf } from "./axlf.ts";
import { type Connection, readConnectivity, writeConnectivity } from "./connectivity.ts";
import { kernelsOf, readEmbeddedMetadata, type XclbinKernel } from "./embedded-metadata.ts";
import { type IpEntry, readIpLayout, writeIpLayout } from "./ip-layout.ts";
import { type MemoryBank, readMemTopology, writeMemTopology } from "./mem-topology.ts";
import { sectionKindName, sectionKinds } from "./section-kinds.ts";
import { type SectionSource, sectionSource } from "./section-source.ts";
import { printXml, type XmlElement } from "./xml.ts";

/** A section's meaning; `opaque` for the kinds that NPUs do not use. */
export type SectionContent =
  | { readonly type: "memory"; readonly banks: readonly MemoryBank[] }
  | { readonly type: "connectivity"; readonly connections: readonly Connection[] }
  | { readonly type: "ipLayout"; readonly entries: readonly IpEntry[] }
  | { readonly type: "metadata"; readonly root: XmlElement; readonly kernels: readonly XclbinKernel[] }
  | { readonly type: "partition"; readonly partition: AiePartition }
  | { readonly type: "opaque"; readonly data: Uint8Array };

export interface XclbinSection {
  readonly kind: number;
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly content: SectionContent;
}

/** An xclbin, taken apart. Lists are empty and `partition` is absent where the section is. */
export interface Xclbin {
  /** What errors call it, usually its file name. */
  readonly name: string;
  readonly header: AxlfHeader;
  readonly uuid: string;
  readonly sections: readonly XclbinSection[];
  readonly memory: readonly MemoryBank[];
  readonly ips: readonly IpEntry[];
  readonly connections: readonly Connection[];
  readonly kernels: readonly XclbinKernel[];
  readonly partition: AiePartition | undefined;
  readonly trailer: Uint8Array;
}

/**
 * Reads an xclbin and all sections that NPUs use. Images in it are views of `bytes`.
 * It says nothing on whether XRT could run it: see `explainXclbin`.
 * @throws FormatError with section and byte offset for anything cut off, out of bounds or overlapping.
 */
export function readXclbin(bytes: Uint8Array, name = "xclbin"): Xclbin {
  const { header, sections, trailer } = readAxlf(bytes, name);
  return xclbinOf({ name, header, sections: sections.map((section) => readSection(section, name)), trailer });
}

/** An xclbin from sections that were read one by one. */
export function xclbinOf(parts: Pick<Xclbin, "name" | "header" | "sections" | "trailer">): Xclbin {
  const { name, header, sections, trailer } = parts;
  const content = <T extends SectionContent["type"]>(kind: number, type: T) =>
    sections
      .filter((section) => section.kind === kind)
      .map((section) => section.content)
      .find((c): c is Extract<SectionContent, { type: T }> => c.type === type);
  return {
    name,
    header,
    uuid: header.uuid,
    sections,
    memory: content(sectionKinds.memTopology, "memory")?.banks ?? [],
    ips: content(sectionKinds.ipLayout, "ipLayout")?.entries ?? [],
    connections: content(sectionKinds.connectivity, "connectivity")?.connections ?? [],
    kernels: content(sectionKinds.embeddedMetadata, "metadata")?.kernels ?? [],
    partition: content(sectionKinds.aiePartition, "partition")?.partition,
    trailer,
  };
}

/** An xclbin's bytes, every section encoded anew from its content. Files of xclbinutil come back byte for byte. */
export function writeXclbin({
  header,
  sections,
  trailer,
}: Pick<Xclbin, "header" | "sections" | "trailer">): Uint8Array {
  const encoded = sections.map((section) => ({ ...section, data: writeSection(section.content) }));
  return writeAxlf({ header, sections: encoded, trailer });
}

/** One section with its meaning. @throws FormatError where it is damaged. */
export function readSection(section: AxlfSection, file: string): XclbinSection {
  const { kind, name, offset, data } = section;
  const source = sectionSource(`${file}: ${sectionKindName(kind)}`, offset, data);
  return { kind, name, offset, sizeBytes: data.length, content: readContent(kind, source) };
}

function readContent(kind: number, source: SectionSource): SectionContent {
  switch (kind) {
    case sectionKinds.memTopology:
    case sectionKinds.groupTopology:
      return { type: "memory", banks: readMemTopology(source) };
    case sectionKinds.connectivity:
    case sectionKinds.groupConnectivity:
      return { type: "connectivity", connections: readConnectivity(source) };
    case sectionKinds.ipLayout:
      return { type: "ipLayout", entries: readIpLayout(source) };
    case sectionKinds.embeddedMetadata: {
      const root = readEmbeddedMetadata(source);
      return { type: "metadata", root, kernels: kernelsOf(root, source) };
    }
    case sectionKinds.aiePartition:
      return { type: "partition", partition: readAiePartition(source) };
    default:
      return { type: "opaque", data: source.bytes };
  }
}

function writeSection(content: SectionContent): Uint8Array {
  switch (content.type) {
    case "memory":
      return writeMemTopology(content.banks);
    case "connectivity":
      return writeConnectivity(content.connections);
    case "ipLayout":
      return writeIpLayout(content.entries);
    case "metadata":
      return printXml(content.root);
    case "partition":
      return writeAiePartition(content.partition);
    case "opaque":
      return content.data;
  }
}
