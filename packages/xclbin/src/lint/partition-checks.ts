import { AiekitError } from "@aiekit/core";
import type { AiePartition, AiePdi } from "../aie-partition.ts";
import { isPdi, type PdiContainer, readPdiContainer } from "../pdi-container.ts";
import { sectionKindName, sectionKinds } from "../section-kinds.ts";
import { decodeSimImage, isSimImage } from "../sim-image.ts";
import type { Xclbin } from "../xclbin.ts";
import { checkConfiguration } from "./configuration-checks.ts";
import type { Finding } from "./rules.ts";

/** Devices as a user names them. */
export type LintDevice = "npu1" | "npu2";

const partitionName = sectionKindName(sectionKinds.aiePartition);

/**
 * Columns of the whole array. On npu1 one more than designs may use is counted: partitions start at 1 of 0 to 4.
 * Source: xdna-driver npu1_regs.c, npu4_regs.c; mlir-aie's lists of start columns.
 */
const arrayColumns: Readonly<Record<LintDevice, number>> = { npu1: 5, npu2: 8 };
/** The one id code that BIFs for NPUs name. Source: mlir-aie, aiecc. */
const npuIdCode = 0x14ca8093;

/** The partition and its PDIs, beyond what `explainXclbin` tells. */
export function checkPartition(xclbin: Xclbin, device: LintDevice | undefined): Finding[] {
  const { partition } = xclbin;
  if (partition === undefined) return [];
  return [
    ...checkColumns(partition, device),
    ...checkIds(xclbin, partition),
    ...partition.pdis.flatMap((pdi, i) => checkPdi(pdi, { partition, where: `${partitionName}, PDI ${i}`, device })),
  ];
}

function checkColumns({ columnWidth, startColumns }: AiePartition, device: LintDevice | undefined): Finding[] {
  const most = device === undefined ? arrayColumns.npu2 : arrayColumns[device];
  const array = device ?? "the largest NPU";
  if (columnWidth > most) {
    const cause = `column_width ${columnWidth}, ${array} has ${device === "npu1" ? 4 : most} columns`;
    return [{ code: "column-width", where: partitionName, cause }];
  }
  const beyond = startColumns.filter((start) => start + columnWidth > most);
  if (beyond.length === 0) return [];
  const cause = `${columnWidth} column(s) from column ${beyond.join(", ")} on end beyond ${array}`;
  return [{ code: "start-columns", where: partitionName, cause }];
}

function checkIds(xclbin: Xclbin, { pdis }: AiePartition): Finding[] {
  const kernelIds = new Set(xclbin.kernels.map(({ dpuKernelId }) => BigInt(dpuKernelId ?? 0)));
  const idsOf = ({ cdoGroups }: AiePdi): bigint[] => cdoGroups.flatMap(({ dpuKernelIds }) => dpuKernelIds);
  return pdis.flatMap((pdi, i): Finding[] => {
    const where = `${partitionName}, PDI ${i}`;
    const before = pdis.slice(0, i);
    const findings: Finding[] = [];
    const shared = idsOf(pdi).find((id) => before.some((other) => idsOf(other).includes(id)));
    if (shared !== undefined) {
      const cause = `kernel id 0x${shared.toString(16)} is served by a PDI before it as well`;
      findings.push({ code: "pdi-shared-id", where, cause });
    }
    if (before.some(({ uuid }) => uuid === pdi.uuid)) {
      findings.push({ code: "pdi-uuid-twice", where, cause: `a PDI before it has the same uuid ${pdi.uuid}` });
    }
    const isUsed = idsOf(pdi).some((id) => kernelIds.has(id));
    // With one PDI this is what explainXclbin tells of the kernel.
    if (!isUsed && pdis.length > 1 && kernelIds.size > 0) {
      findings.push({ code: "pdi-unused", where, cause: "no kernel has one of its ids" });
    }
    return findings;
  });
}

interface PdiPlace {
  readonly partition: AiePartition;
  readonly where: string;
  readonly device: LintDevice | undefined;
}

function checkPdi({ image }: AiePdi, { partition, where, device }: PdiPlace): Finding[] {
  if (image.length === 0) return [];
  try {
    if (isSimImage(image)) {
      decodeSimImage(image, "image");
      if (device === undefined) return [];
      return [{ code: "pdi-for-simulator", where, cause: "it holds an image for the simulator" }];
    }
    if (!isPdi(image)) {
      const first = [...image.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
      return [{ code: "pdi-unknown", where, cause: `expected the bus width words of a PDI, got ${first}` }];
    }
    const pdi = readPdiContainer(image, "PDI");
    return [...checkContainer(pdi, where), ...configurations(pdi, { partition, where, device })];
  } catch (error) {
    if (error instanceof AiekitError) return [{ code: "pdi-damaged", where, cause: error.message }];
    throw error;
  }
}

function checkContainer({ idCode, partitions }: PdiContainer, where: string): Finding[] {
  const findings: Finding[] = [];
  if (idCode !== npuIdCode) {
    const cause = `id code 0x${idCode.toString(16)}, NPUs have 0x${npuIdCode.toString(16)}`;
    findings.push({ code: "pdi-id-code", where, cause });
  }
  if (!partitions.some(({ content }) => content.type === "cdo")) {
    findings.push({ code: "pdi-no-cdo", where, cause: `none of its ${partitions.length} partition(s) is a CDO` });
  }
  return findings;
}

function configurations({ partitions }: PdiContainer, { partition, where }: PdiPlace): Finding[] {
  return partitions.flatMap(({ content }) =>
    content.type === "cdo" ? checkConfiguration(content.cdo, { columns: partition.columnWidth, where }) : [],
  );
}
