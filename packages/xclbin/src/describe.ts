import { containerLines, describePdi, type PdiDescription } from "./describe-pdi.ts";
import { explainXclbin, type XclbinProblem } from "./explain.ts";
import { sectionKindName } from "./section-kinds.ts";
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
      readonly offset: number;
      readonly size: number;
    }[];
  }[];
  readonly memory: readonly { readonly tag: string; readonly kib: number; readonly base: string }[];
  readonly partition: {
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
  } | null;
  readonly problems: readonly XclbinProblem[];
}

export function describeXclbin(xclbin: Xclbin): XclbinDescription {
  const { header, partition } = xclbin;
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
    kernels: xclbin.kernels.map((kernel) => ({
      name: kernel.name,
      type: kernel.type,
      id: hex(kernel.dpuKernelId ?? 0),
      call: kernel.hasOpcode ? "opcode" : "no opcode",
      instances: kernel.instances,
      args: kernel.args.map(({ index, name, type, qualifier, offsetBytes, sizeBytes }) => {
        const memory = memoryOf(xclbin, kernel.name, index);
        return { index, name, type, qualifier, memory, offset: offsetBytes, size: sizeBytes };
      }),
    })),
    memory: xclbin.memory.map(({ tag, sizeKib, baseAddress }) => {
      return { tag, kib: Number(sizeKib), base: hex(baseAddress) };
    }),
    partition:
      partition === undefined
        ? null
        : {
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
          },
    problems: explainXclbin(xclbin),
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
    ...d.kernels.flatMap((kernel) => [
      `kernel ${kernel.name}:${kernel.instances.join(",")}  ${kernel.type}, id ${kernel.id}, called with ${kernel.call}`,
      ...kernel.args.map(
        (arg) =>
          `  ${`${arg.index}`.padStart(2)} ${arg.name.padEnd(10)} ${arg.type}${arg.memory === null ? "" : ` in ${arg.memory}`}, ${arg.size} B at ${hex(arg.offset)}`,
      ),
    ]),
    ...d.memory.map(({ tag, kib, base }) => `memory ${tag}: ${kib} KiB at ${base}`),
    ...(d.partition === null
      ? ["no partition"]
      : [
          `partition: ${d.partition.columns} column(s), may start at ${d.partition.startColumns.join(", ")}`,
          ...d.partition.pdis.flatMap((pdi) => [
            `  PDI ${pdi.uuid}: ${pdi.bytes} B for kernel ${pdi.kernelIds.join(", ")}`,
            ...pdi.groups.map((group) => {
              const before = group.preGroups.length === 0 ? "" : `, after groups ${group.preGroups.join(", ")}`;
              return `    group ${group.name}: ${group.type}, pdi id ${group.pdiId}, kernels ${group.kernelIds.join(", ")}${before}`;
            }),
            ...contentLines(pdi.content, brief).map((line) => `    ${line}`),
          ]),
        ]),
    ...(d.problems.length === 0 ? ["XRT finds everything that it looks for"] : ["problems, first things first:"]),
    ...d.problems.flatMap((p) => [`  ${p.section}: ${p.what}`, `    XRT says: ${p.xrtSays}`, `    ${p.hint}`]),
  ];
}

function contentLines({ lines, container }: PdiDescription, brief: boolean): readonly string[] {
  return brief || container === undefined ? lines : containerLines(container);
}

function memoryOf(xclbin: Xclbin, kernel: string, index: number): string | null {
  const connection = xclbin.connections.find(({ argIndex, ipIndex }) => {
    return argIndex === index && xclbin.ips[ipIndex]?.name.startsWith(`${kernel}:`) === true;
  });
  return connection === undefined ? null : (xclbin.memory[connection.memoryIndex]?.tag ?? null);
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
