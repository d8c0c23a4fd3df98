import type { AxlfHeader, AxlfSection } from "./axlf.ts";
import { placedSections } from "./axlf.ts";
import type { Connection } from "./connectivity.ts";
import type { IpEntry } from "./ip-layout.ts";
import type { MemoryBank } from "./mem-topology.ts";
import { sectionKinds } from "./section-kinds.ts";

/** What the mirror repeats of an xclbin. */
interface MirrorSource {
  readonly header: AxlfHeader;
  readonly sections: readonly AxlfSection[];
  readonly banks: readonly MemoryBank[];
  readonly entries: readonly IpEntry[];
  readonly connections: readonly Connection[];
  readonly groupConnections: readonly Connection[];
}

/**
 * The JSON copy of header and section table that xclbinutil appends and reads for --migrate-forward; XRT ignores it.
 * It repeats the key "section_header" and prints version numbers as characters, as xclbinutil does.
 */
export function mirrorData(source: MirrorSource): Uint8Array {
  const schema = object([
    ["major", "1"],
    ["minor", "0"],
    ["patch", "0"],
  ]);
  const sections = placedSections(source.sections).map(({ kind, name, offset, data }): Pair => {
    const payload = payloadOf(kind, source);
    const fields: Pair[] = [
      ["Kind", `${kind}`],
      ["Name", name],
      ["Offset", hex(offset)],
      ["Size", hex(data.length)],
    ];
    return ["section_header", object(payload === undefined ? fields : [...fields, ["payload", payload]])];
  });
  const text = object([["schema_version", schema], ["header", headerOf(source.header)], ...sections]).text;
  return new TextEncoder().encode(`XCLBIN_MIRROR_DATA_START${text}XCLBIN_MIRROR_DATA_END`);
}

/** Text that is JSON already. */
interface Json {
  readonly text: string;
}
type Pair = readonly [key: string, value: string | Json];

function headerOf(header: AxlfHeader): Json {
  const version = [header.versionMajor, header.versionMinor].map((n) => String.fromCharCode(n));
  return object([
    ["Magic", "xclbin2"],
    ["SignatureLength", (header.signatureLength >>> 0).toString(16)],
    ["KeyBlock", "ff".repeat(256)],
    ["UniqueID", littleEndianHex(header.uniqueId)],
    ["TimeStamp", `${header.timestampSeconds}`],
    ["FeatureRomTimeStamp", `${header.featureRomTimestamp}`],
    ["Version", [...version, header.versionPatch].join(".")],
    ["Mode", `${header.mode}`],
    ["InterfaceUUID", header.interfaceUuid.replaceAll("-", "")],
    ["PlatformVBNV", header.platform],
    ["XclBinUUID", header.uuid.replaceAll("-", "")],
    ["DebugBin", header.debugBin],
  ]);
}

function payloadOf(kind: number, source: MirrorSource): Json | undefined {
  switch (kind) {
    case sectionKinds.memTopology:
      return object([["mem_topology", banksOf(source.banks)]]);
    case sectionKinds.groupTopology:
      return object([["group_topology", banksOf(source.banks)]]);
    case sectionKinds.connectivity:
      return object([["connectivity", connectionsOf(source.connections)]]);
    case sectionKinds.groupConnectivity:
      return object([["group_connectivity", connectionsOf(source.groupConnections)]]);
    case sectionKinds.ipLayout:
      return object([["ip_layout", entriesOf(source.entries)]]);
    default:
      return undefined;
  }
}

function banksOf(banks: readonly MemoryBank[]): Json {
  const rows = banks.map((bank) =>
    object([
      ["m_type", "MEM_DRAM"],
      ["m_used", bank.used ? "1" : "0"],
      ["m_sizeKB", hex(bank.sizeKib)],
      ["m_tag", bank.tag],
      ["m_base_address", hex(bank.baseAddress)],
    ]),
  );
  return counted("m_mem_data", rows);
}

function connectionsOf(connections: readonly Connection[]): Json {
  const rows = connections.map(({ argIndex, ipIndex, memoryIndex }) =>
    object([
      ["arg_index", `${argIndex}`],
      ["m_ip_layout_index", `${ipIndex}`],
      ["mem_data_index", `${memoryIndex}`],
    ]),
  );
  return counted("m_connection", rows);
}

function entriesOf(entries: readonly IpEntry[]): Json {
  const rows = entries.map((entry) =>
    object([
      ["m_type", "IP_PS_KERNEL"],
      ["m_subtype", "DPU"],
      ["m_functional", entry.functional === 1 ? "PrePost" : "DPU"],
      ["m_kernel_id", hex(entry.kernelId)],
      ["m_base_address", "not_used"],
      ["m_name", entry.name],
    ]),
  );
  return counted("m_ip_data", rows);
}

function counted(key: string, rows: readonly Json[]): Json {
  const list = { text: `[${rows.map(({ text }) => text).join(",")}]` };
  return object([
    ["m_count", `${rows.length}`],
    [key, list],
  ]);
}

function object(pairs: readonly Pair[]): Json {
  const fields = pairs.map(([key, value]) => `${quote(key)}:${typeof value === "string" ? quote(value) : value.text}`);
  return { text: `{${fields.join(",")}}` };
}

/** boost's property tree escapes the slash too. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll("/", "\\/");
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

function littleEndianHex(value: bigint): string {
  const bigEndian = value.toString(16).padStart(16, "0");
  return (bigEndian.match(/../g) ?? []).reverse().join("");
}
