import type { ToolMissingError } from "@aiekit/core";
import { deviceModel } from "@aiekit/mlir";
import { startColumns } from "../build/start-columns.ts";

/** Who packs: this project's writers, or bootgen and xclbinutil. */
export const packagerNames = ["own", "tools"] as const;
export type PackagerName = (typeof packagerNames)[number];

/** The three files that `aie-translate --aie-generate-cdo` writes, in the order in which the array obeys them. */
export interface CdoFiles {
  /** Programs and data of the cores. */
  readonly elfs: Uint8Array;
  /** Locks, BDs, stream switches. */
  readonly init: Uint8Array;
  /** Starts the cores. */
  readonly enable: Uint8Array;
}

export interface PdiRequest {
  /** Symbol of the aie.device, `main` where it has none: the first part of all file names. */
  readonly deviceSymbol: string;
  readonly cdo: CdoFiles;
}

export interface XclbinRequest {
  readonly deviceSymbol: string;
  readonly pdi: Uint8Array;
  /** Device name, which says how many columns the partition has and where it may begin: `npu1_1col`. */
  readonly device: string;
  /** Names that hosts look up: `MLIR_AIE` and `MLIRAIE` in every xclbin of mlir-aie. */
  readonly kernelName: string;
  readonly instanceName: string;
  /** Host buffers that the kernel declares behind opcode, instructions and their count; XRT's runlists need 5. */
  readonly bufferCount: number;
  /** 0x901 unless told. */
  readonly dpuKernelId?: number;
}

/** Columns of the request's device. @throws UsageError for a device that is not known. */
export function partitionOf({ device }: Pick<XclbinRequest, "device">): Partition {
  const model = deviceModel(device);
  return { columns: model.columns, startColumns: startColumns(model) };
}

interface Partition {
  readonly columns: number;
  /** First columns where it may be placed. */
  readonly startColumns: readonly number[];
}

/** A design to be packed whole; what a step graph asks in two steps. */
export type PackageRequest = PdiRequest & Omit<XclbinRequest, "pdi">;

export interface PackagedDesign {
  readonly pdi: Uint8Array;
  readonly xclbin: Uint8Array;
}

/**
 * CDO files -> PDI -> xclbin. Both packagers take and give the same; both refuse CDO files of which the array would make
 * nothing (`checkConfiguration`), and what a tool made is read back before it is given out.
 */
export interface Packager {
  readonly name: PackagerName;
  /** What a step's output depends on besides the request. */
  readonly versions: { readonly pdi: string; readonly xclbin: string };
  /** The tools that a step needs and that are not there: it would fail with this error. */
  readonly missing: { readonly pdi?: ToolMissingError; readonly xclbin?: ToolMissingError };
  /** Files that are written for the packager's tools, by name; what `--keep` leaves besides what they make. */
  readonly toolInputs: {
    readonly pdi: (request: Pick<PdiRequest, "deviceSymbol">) => ToolInputs;
    readonly xclbin: (request: XclbinRequest) => ToolInputs;
  };
  readonly packPdi: (request: PdiRequest, signal?: AbortSignal) => Promise<Uint8Array>;
  readonly packXclbin: (request: XclbinRequest, signal?: AbortSignal) => Promise<Uint8Array>;
  /** The work as command lines on the files that `packageFileNames` names, for `--dry-run`. */
  readonly commands: (request: Omit<XclbinRequest, "pdi">) => { readonly pdi: string; readonly xclbin: string };
}

/** Texts by file name. */
export type ToolInputs = Readonly<Record<string, string>>;

/** @throws what the two steps throw. */
export async function packageDesign(
  packager: Packager,
  request: PackageRequest,
  signal?: AbortSignal,
): Promise<PackagedDesign> {
  const pdi = await packager.packPdi(request, signal);
  return { pdi, xclbin: await packager.packXclbin({ ...request, pdi }, signal) };
}

/** Names of all files of a packaging; those of mlir-aie's own driver, which show in an xclbin's section table. */
export function packageFileNames(deviceSymbol: string) {
  return {
    elfs: `${deviceSymbol}_aie_cdo_elfs.bin`,
    init: `${deviceSymbol}_aie_cdo_init.bin`,
    enable: `${deviceSymbol}_aie_cdo_enable.bin`,
    bif: `${deviceSymbol}_design.bif`,
    pdi: `${deviceSymbol}.pdi`,
    memTopology: `${deviceSymbol}_mem_topology.json`,
    kernels: `${deviceSymbol}_kernels.json`,
    aiePartition: `${deviceSymbol}_aie_partition.json`,
    xclbin: "final.xclbin",
  } as const;
}
