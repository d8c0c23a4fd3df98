import type { AiePartition } from "./aie-partition.ts";
import { type Connection, connectionsOfKernel } from "./connectivity.ts";
import { containerLines, describePdi, type PdiDescription } from "./describe-pdi.ts";
import type { XclbinKernel } from "./embedded-metadata.ts";
import { explainXclbin, type XclbinProblem } from "./explain.ts";
import { sectionKindName, sectionKinds } from "./section-kinds.ts";
import type { Xclbin } from "./xclbin.ts";

/** What an xclbin holds, as plain JSON: 64-bit numbers that matter are hexadecimal text. */
export interface XclbinDescription {
  readonly name: string;
  readonly uuid: string;
  readonly made: { readonly xrtVersion: string; readonly timestampSeconds: number };
  readonly sections: readonly {
    readonly kind: string;
    readonly name: string;
    readonly offset: number;
    readonly bytes: number;
  }[];
  readonly kernels: readonly {
    readonly name: string;
    readonly type: string;
    readonly id: string;
    /** `opcode` for today's call, `no opcode` for xclbins of 2023 and early 2024. */
    readonly call: "opcode" | "no opcode";
    readonly instances: readonly string[];
    readonly args: readonly {
      readonly index: number;
      readonly name: string;
      readonly type: string;
      readonly qualifier: string;
      readonly memory: string | null;
      /** Bank of GROUP_TOPOLOGY that XRT's group_id names; null for scalars, whose group_id is 131071. */
      readonly group: number | null;
      readonly offset: number;
      readonly size: number;
    }[];
  }[];
  readonly memory: readonly { readonly tag: string; readonly kib: number; readonly base: string }[];
  readonly partition: PartitionDescription | null;
  /** Of further AIE_PARTITION sections, which XRT does not read. */
  readonly morePartitions: readonly PartitionDescription[];
  readonly header: {
    readonly signatureBytes: number | null;
    readonly mode: number;
    readonly actionMask: number;
    readonly interfaceUuid: string;
    readonly platform: string;
    readonly trailerBytes: number;
    /** Bytes behind the last section: xclbinutil's JSON copy of the header, or something else. */
    readonly trailer: "mirror data" | "unknown" | null;
  };
  readonly problems: readonly XclbinProblem[];
}

interface PartitionDescription {
  readonly columns: number;
  readonly startColumns: readonly number[];
  readonly operationsPerCycle: number;
  readonly inferenceFingerprint: string;
  readonly prePostFingerprint: string;
  readonly kernelCommitId: string | null;
  readonly pdis: readonly {
    readonly uuid: string;
    readonly bytes: number;
    readonly kernelIds: readonly string[];
    readonly groups: readonly {
      readonly name: string;
      readonly type: string;
      readonly pdiId: string;
      readonly kernelIds: readonly string[];
      readonly preGroups: readonly string[];
    }[];
    readonly content: PdiDescription;
  }[];
}

export function describeXclbin(xclbin: Xclbin): XclbinDescription {
  const { header } = xclbin;
  const [partition, ...more] = xclbin.sections.flatMap(({ content }) =>
    content.type === "partition" ? [describePartition(content.partition)] : [],
  );
  return {
    name: xclbin.name,
    uuid: xclbin.uuid,
    made: {
      xrtVersion: `${header.versionMajor}.${header.versionMinor}.${header.versionPatch}`,
      timestampSeconds: Number(header.timestampSeconds),
    },
    sections: xclbin.sections.map(({ kind, name, offset, sizeBytes }) => {
      return { kind: sectionKindName(kind), name, offset, bytes: sizeBytes };
    }),
    kernels: xclbin.kernels.map((kernel) => describeKernel(xclbin, kernel)),
    memory: xclbin.memory.map(({ tag, sizeKib, baseAddress }) => {
      return { tag, kib: Number(sizeKib), base: hex(baseAddress) };
    }),
    partition: partition ?? null,
    morePartitions: more,
    header: {
      signatureBytes: header.signatureLength < 0 ? null : header.signatureLength,
      mode: header.mode,
      actionMask: header.actionMask,
      interfaceUuid: header.interfaceUuid,
      platform: header.platform,
      trailerBytes: xclbin.trailer.length,
      trailer: trailerKind(xclbin.trailer),
    },
    problems: explainXclbin(xclbin),
  };
}

function describeKernel(xclbin: Xclbin, kernel: XclbinKernel): XclbinDescription["kernels"][number] {
  const memories = connectionsOfKernel(kernel.name, xclbin.ips, xclbin.connections);
  const groups = connectionsOfKernel(kernel.name, xclbin.ips, groupConnections(xclbin));
  return {
    name: kernel.name,
    type: kernel.type,
    id: hex(kernel.dpuKernelId ?? 0),
    call: kernel.hasOpcode ? "opcode" : "no opcode",
    instances: kernel.instances,
    args: kernel.args.map(({ index, name, type, qualifier, offsetBytes, sizeBytes }) => {
      const bank = memories.get(index)?.[0]?.memoryIndex;
      const memory = bank === undefined ? null : (xclbin.memory[bank]?.tag ?? null);
      const group = groups.get(index)?.[0]?.memoryIndex ?? null;
      return { index, name, type, qualifier, memory, group, offset: offsetBytes, size: sizeBytes };
    }),
  };
}

function describePartition(partition: AiePartition): PartitionDescription {
  return {
    columns: partition.columnWidth,
    startColumns: partition.startColumns,
    operationsPerCycle: partition.operationsPerCycle,
    inferenceFingerprint: hex(partition.inferenceFingerprint),
    prePostFingerprint: hex(partition.prePostFingerprint),
    kernelCommitId: partition.kernelCommitId ?? null,
    pdis: partition.pdis.map(({ uuid, image, cdoGroups }) => ({
      uuid,
      bytes: image.length,
      kernelIds: cdoGroups.flatMap((group) => group.dpuKernelIds.map(hex)),
      groups: cdoGroups.map(({ name, type, pdiId, dpuKernelIds, preCdoGroups }) => ({
        name,
        type: groupTypes[type] ?? `${type}`,
        pdiId: hex(pdiId),
        kernelIds: dpuKernelIds.map(hex),
        preGroups: preCdoGroups.map(hex),
      })),
      content: describePdi(image),
    })),
  };
}

/** Source: XRT xclbin.h, CDO_Type. */
const groupTypes = ["UNKNOWN", "PRIMARY", "LITE", "PRE_POST"];

/** The description as lines for people. `brief` tells one line a tile in place of its registers. */
export function describeXclbinText(
  xclbin: Xclbin,
  { brief = false }: { readonly brief?: boolean } = {},
): readonly string[] {
  const d = describeXclbin(xclbin);
  const { timestampSeconds } = d.made;
  const made =
    timestampSeconds > 0 && timestampSeconds < 8e12 ? new Date(timestampSeconds * 1000).toISOString() : "no date";
  return [
    `${d.name}: xclbin ${d.uuid}, version ${d.made.xrtVersion}, ${made}`,
    "sections:",
    ...d.sections.map(
      (s) => `  ${s.kind.padEnd(20)} ${`${s.bytes}`.padStart(8)} B at ${s.offset}${s.name && `  ${s.name}`}`,
    ),
    ...headerLines(d),
    ...d.kernels.flatMap((kernel) => [
      `kernel ${kernel.name}:${kernel.instances.join(",")}  ${kernel.type}, id ${kernel.id}, called with ${kernel.call}`,
      ...kernel.args.map(
        (arg) =>
          `  ${`${arg.index}`.padStart(2)} ${arg.name.padEnd(10)} ${arg.type}${arg.memory === null ? "" : ` in ${arg.memory}`}${arg.group === null ? "" : `, group ${arg.group}`}, ${arg.size} B at ${hex(arg.offset)}`,
      ),
    ]),
    ...d.memory.map(({ tag, kib, base }) => `memory ${tag}: ${kib} KiB at ${base}`),
    ...(d.partition === null ? ["no partition"] : partitionLines(d.partition, brief)),
    ...d.morePartitions.flatMap((partition) => ["a further AIE_PARTITION:", ...partitionLines(partition, brief)]),
    ...(d.problems.length === 0 ? ["XRT finds everything that it looks for"] : ["problems, first things first:"]),
    ...d.problems.flatMap((p) => [`  ${p.section}: ${p.what}`, `    XRT says: ${p.xrtSays}`, `    ${p.hint}`]),
  ];
}

function trailerKind(trailer: Uint8Array): XclbinDescription["header"]["trailer"] {
  if (trailer.length === 0) return null;
  const start = new TextDecoder("latin1").decode(trailer.subarray(0, 24));
  return start === "XCLBIN_MIRROR_DATA_START" ? "mirror data" : "unknown";
}

function headerLines({ header }: XclbinDescription): string[] {
  const { signatureBytes, mode, actionMask, interfaceUuid, platform, trailerBytes, trailer } = header;
  return [
    ...(signatureBytes === null ? [] : [`signed: ${signatureBytes} bytes`]),
    ...(mode === 0 ? [] : [`mode ${mode}`]),
    ...(actionMask === 0 ? [] : [`action mask ${hex(actionMask)}`]),
    ...(/^[0-]*$/.test(interfaceUuid) ? [] : [`interface uuid ${interfaceUuid}`]),
    ...(platform === "" ? [] : [`platform ${platform}`]),
    ...(trailerBytes === 0 ? [] : [`${trailerBytes} B behind the last section: ${trailer}`]),
  ];
}

function partitionLines(partition: PartitionDescription, brief: boolean): string[] {
  return [
    `partition: ${partition.columns} column(s), may start at ${partition.startColumns.join(", ")}`,
    ...partition.pdis.flatMap((pdi) => [
      `  PDI ${pdi.uuid}: ${pdi.bytes} B for kernel ${pdi.kernelIds.join(", ")}`,
      ...pdi.groups.map((group) => {
        const before = group.preGroups.length === 0 ? "" : `, after groups ${group.preGroups.join(", ")}`;
        return `    group ${group.name}: ${group.type}, pdi id ${group.pdiId}, kernels ${group.kernelIds.join(", ")}${before}`;
      }),
      ...contentLines(pdi.content, brief).map((line) => `    ${line}`),
    ]),
  ];
}

function contentLines({ lines, container }: PdiDescription, brief: boolean): readonly string[] {
  return brief || container === undefined ? lines : containerLines(container);
}

function groupConnections({ sections }: Xclbin): readonly Connection[] {
  const content = sections.find(({ kind }) => kind === sectionKinds.groupConnectivity)?.content;
  return content?.type === "connectivity" ? content.connections : [];
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
