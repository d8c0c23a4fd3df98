import { sha256, UsageError } from "@aiekit/core";
import { writeAiePartition } from "./aie-partition-writer.ts";
import { type AxlfHeader, writeAxlf } from "./axlf.ts";
import { type Connection, writeConnectivity } from "./connectivity.ts";
import { type IpEntry, ipTypePsKernel, unusedBaseAddress, writeIpLayout } from "./ip-layout.ts";
import { argOffsets, argSizeBytes, type XclbinArg } from "./kernel-args.ts";
import { npuMemoryBanks, writeMemTopology } from "./mem-topology.ts";
import { mirrorData } from "./mirror-data.ts";
import { defaultDpuKernelId, npuPartition } from "./npu-partition.ts";
import { sectionKinds } from "./section-kinds.ts";
import { uuidText } from "./uuid.ts";
import { printXml, type XmlElement } from "./xml.ts";

/** What goes into an xclbin with one kernel. Everything optional has a default that depends on nothing but the content. */
export interface XclbinSpec {
  readonly kernelName: string;
  readonly instanceName: string;
  /** Width of the partition. */
  readonly columns: number;
  /** First columns where it may be placed. */
  readonly startColumns: readonly number[];
  readonly args: readonly XclbinArg[];
  /** PDI for hardware or image for the simulator. */
  readonly pdi: Uint8Array;
  readonly pdiUuid?: string;
  readonly uuid?: string;
  /** Seconds since 1970; 0 unless told, so that a build can be repeated byte for byte. */
  readonly timestampSeconds?: number;
  /** Links EMBEDDED_METADATA, IP_LAYOUT and AIE_PARTITION; 0x901 unless told. */
  readonly dpuKernelId?: number;
  /** Names in the section table, by which xclbinutil shows its input files. */
  readonly sectionNames?: { readonly memTopology: string; readonly aiePartition: string };
}

// Version fields of the XRT release whose layout this follows, 2.25.
const versionMajor = 2;
const versionMinor = 25;
const dpuSubtype = 1;
const primaryGroup = 1;
const noUuid = "0".repeat(32);

/**
 * An xclbin as `xclbinutil --add-kernel` makes it from the same content: seven sections in its order, and the mirror.
 * @throws UsageError where a name is too long, a type unknown, or there is no argument, column or PDI.
 */
export function buildXclbin(spec: XclbinSpec): Uint8Array {
  checkSpec(spec);
  const dpuKernelId = spec.dpuKernelId ?? defaultDpuKernelId;
  const entry: IpEntry = {
    type: ipTypePsKernel,
    subtype: dpuSubtype,
    functional: 0,
    kernelId: dpuKernelId,
    otherProperties: 0,
    baseAddress: unusedBaseAddress,
    name: `${spec.kernelName}:${spec.instanceName}`,
  };
  const connections = spec.args.flatMap((arg, argIndex): Connection[] => {
    if (arg.qualifier === "SCALAR") return [];
    return [
      { argIndex, ipIndex: 0, memoryIndex: npuMemoryBanks.findIndex(({ tag }) => tag === (arg.memory ?? "HOST")) },
    ];
  });
  // xclbinutil lists the ungrouped connections and then the groups', which are the same for single banks.
  const groupConnections = [...connections, ...connections];
  const names = spec.sectionNames ?? { memTopology: "mem_topology", aiePartition: "aie_partition" };
  const section = (kind: number, data: Uint8Array, name = "") => ({ kind, name, offset: 0, data });
  const sections = [
    section(sectionKinds.memTopology, writeMemTopology(npuMemoryBanks), names.memTopology),
    section(sectionKinds.aiePartition, partitionOf(spec, dpuKernelId), names.aiePartition),
    section(sectionKinds.embeddedMetadata, printXml(metadataOf(spec, dpuKernelId))),
    section(sectionKinds.ipLayout, writeIpLayout([entry])),
    section(sectionKinds.connectivity, writeConnectivity(connections)),
    section(sectionKinds.groupConnectivity, writeConnectivity(groupConnections)),
    section(sectionKinds.groupTopology, writeMemTopology(npuMemoryBanks)),
  ];

  const timestampSeconds = BigInt(spec.timestampSeconds ?? 0);
  const header: AxlfHeader = {
    signatureLength: -1,
    uniqueId: timestampSeconds,
    timestampSeconds,
    featureRomTimestamp: 0n,
    versionMajor,
    versionMinor,
    versionPatch: 0,
    mode: 0,
    actionMask: 0,
    interfaceUuid: noUuid,
    platform: "",
    uuid: spec.uuid ?? contentUuid(...sections.map(({ data }) => data)),
    debugBin: "",
  };
  const trailer = mirrorData({
    header,
    sections,
    banks: npuMemoryBanks,
    entries: [entry],
    connections,
    groupConnections,
  });
  return writeAxlf({ header, sections, trailer });
}

/** A uuid that follows from the bytes: equal builds are equal, different ones do not meet in XRT's cache. */
export function contentUuid(...parts: readonly Uint8Array[]): string {
  const hashes = parts.map(sha256).join("");
  const hash = sha256(hashes);
  return uuidText(Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hash.slice(i * 2, i * 2 + 2), 16)));
}

function checkSpec({
  kernelName,
  columns,
  startColumns,
  args,
  pdi,
  dpuKernelId = defaultDpuKernelId,
}: XclbinSpec): void {
  const fail = (what: string): never => {
    throw new UsageError(`xclbin of kernel ${JSON.stringify(kernelName)}: ${what}`);
  };
  if (!/^\w+$/.test(kernelName)) fail("expected a name of letters, digits and _");
  if (!Number.isInteger(columns) || columns < 1) fail(`columns: expected 1 or more, got ${columns}`);
  if (startColumns.length === 0) fail("startColumns: expected at least one");
  if (args.length === 0) fail("args: expected at least one");
  if (pdi.length === 0) fail("pdi: expected bytes, got none");
  if (!(dpuKernelId > 0 && dpuKernelId <= 0xfff)) fail(`dpuKernelId: expected 1 to 0xfff, got ${dpuKernelId}`);
}

function partitionOf(spec: XclbinSpec, dpuKernelId: number): Uint8Array {
  const { groupName, pdiId, preCdoGroup } = npuPartition;
  return writeAiePartition({
    schemaVersion: 0,
    name: "",
    operationsPerCycle: npuPartition.operationsPerCycle,
    inferenceFingerprint: npuPartition.inferenceFingerprint,
    prePostFingerprint: npuPartition.prePostFingerprint,
    columnWidth: spec.columns,
    startColumns: spec.startColumns,
    kernelCommitId: "",
    pdis: [
      {
        uuid: spec.pdiUuid ?? contentUuid(spec.pdi),
        image: spec.pdi,
        cdoGroups: [
          {
            name: groupName,
            type: primaryGroup,
            pdiId,
            dpuKernelIds: [BigInt(dpuKernelId)],
            preCdoGroups: [preCdoGroup],
          },
        ],
      },
    ],
  });
}

function metadataOf(spec: XclbinSpec, dpuKernelId: number): XmlElement {
  const extended: Attributes = [
    ["subtype", `${dpuSubtype}`],
    ["functional", "0"],
    ["dpu_kernel_id", hex(dpuKernelId)],
  ];
  const offsets = argOffsets(spec.args);
  const args = spec.args.map((arg, index) => {
    const sizeBytes = argSizeBytes(arg);
    const attributes: Attributes = [
      ["name", arg.name],
      ["addressQualifier", arg.qualifier === "GLOBAL" ? "1" : "0"],
      ["id", `${index}`],
      ["size", hex(sizeBytes)],
      ["offset", offsets[index] ?? ""],
      ["hostOffset", "0x0"],
      ["hostSize", hex(sizeBytes)],
      ["type", arg.type],
    ];
    return xml("arg", attributes);
  });
  const kernelAttributes: Attributes = [
    ["name", spec.kernelName],
    ["language", "c"],
    ["type", "dpu"],
  ];
  const instance = xml("instance", [["name", spec.instanceName]]);
  const kernel = xml("kernel", kernelAttributes, [xml("extended-data", extended), ...args, instance]);
  return xml("project", [], [xml("platform", [], [xml("device", [], [xml("core", [], [kernel])])])]);
}

type Attributes = readonly (readonly [string, string])[];

function xml(name: string, attributes: Attributes, children: readonly XmlElement[] = []): XmlElement {
  return { name, attributes, children, text: "", offset: 0 };
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
