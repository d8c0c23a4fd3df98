import { deviceModel } from "@aiekit/mlir";
import { costModel } from "../cost-model.ts";
import type { SiliconModel } from "./silicon-model.ts";

interface GemmShape {
  readonly M: number;
  readonly K: number;
  readonly N: number;
}

/** Where and with which kernels a product is computed. */
export interface GemmPlace {
  readonly device: "npu1" | "npu2";
  readonly type: OperandType;
  /** All of the device's when left out. */
  readonly cores?: number | undefined;
  /** Of the array; the device model's when left out. */
  readonly clockHz?: number | undefined;
  readonly tuned: boolean;
}

export type GemmJob = GemmShape & GemmPlace;
export type OperandType = "int8" | "int16" | "bf16" | "bfp16";

/** What holds a launch up longest. */
type GemmBound = "launch" | "multipliers" | "host memory" | "shim channels";

interface TypeFacts {
  readonly bytes: number;
  readonly isFloat: boolean;
  /** Multiplications a core does in a cycle. Source: AM020 (npu1); native shapes of aie_api, AM027 (npu2). */
  readonly macs: { readonly npu1?: number; readonly npu2: number };
}

const types: Readonly<Record<OperandType, TypeFacts>> = {
  int8: { bytes: 1, isFloat: false, macs: { npu1: 256, npu2: 512 } },
  int16: { bytes: 2, isFloat: false, macs: { npu1: 64, npu2: 128 } },
  bf16: { bytes: 2, isFloat: true, macs: { npu1: 128, npu2: 256 } },
  bfp16: { bytes: 9 / 8, isFloat: true, macs: { npu2: 512 } },
};

/** Rows and columns of the result that a core works on: the usual choice; for tuned designs a guess, memtiles included. */
const tileEdge = { generated: 64, tuned: 128 };
/** Least rows, depth, columns of a core's part: 2 x 2 accumulators of 4 x 8 x 4 and 4 x 8 x 8 products. */
const least = { M: 8, K: 8, N: 16 };
const resultBytes = 4;
const rowsOfCores = 4;

/** True where the device multiplies operands of this type. */
export function multiplies(device: "npu1" | "npu2", type: OperandType): boolean {
  return types[type].macs[device] !== undefined;
}

function coresOf({ device, cores, clockHz }: GemmPlace) {
  const model = deviceModel(device);
  const count = Math.min(cores ?? Number.POSITIVE_INFINITY, model.columns * rowsOfCores);
  const rows = Math.min(rowsOfCores, count);
  return { columns: Math.ceil(count / rows), rows, count, clockHz: clockHz ?? model.clockHz };
}

/** Operations a second of the multipliers without a pause, 2 for each multiplication. */
export function gemmPeak(place: GemmPlace): number {
  const { count, clockHz } = coresOf(place);
  return 2 * count * (types[place.type].macs[place.device] ?? 0) * clockHz;
}

/** Part of the peak that kernels reach. */
export function reachedPart({ type, tuned }: GemmPlace, model: SiliconModel): number {
  if (tuned) return model.tuned;
  return types[type].isFloat ? model.generatedFloat : model.generatedInteger;
}

/**
 * Seconds of one launch of a matrix product: the slowest of the multipliers, host memory and the shims' channels, behind what
 * a launch costs. A is read once for each column of parts of the result, B for each row of them, both at least once. Sizes
 * count as they are, not as whole parts: a design for an odd size has smaller parts, and time then has no steps.
 */
export function gemmSeconds(
  job: GemmJob,
  model: SiliconModel,
): { readonly seconds: number; readonly bound: GemmBound } {
  const { M, K, N, device, type } = job;
  const { columns, rows, clockHz } = coresOf(job);
  const edge = job.tuned ? tileEdge.tuned : tileEdge.generated;
  const { bytes } = types[type];
  const a = M * K * bytes * Math.max(1, N / (edge * columns));
  const b = K * N * bytes * Math.max(1, M / (edge * rows));
  const c = M * N * resultBytes;
  const worked = Math.max(M, least.M * rows) * Math.max(K, least.K) * Math.max(N, least.N * columns);
  const { generation, columns: allColumns } = deviceModel(device);
  const channel = 4 * costModel(generation).streamWordsPerCycle * clockHz * columns;
  const parts: readonly (readonly [GemmBound, number])[] = [
    ["multipliers", (2 * worked) / (gemmPeak(job) * reachedPart(job, model))],
    ["host memory", (a + b + c) / (model.hostBytesPerColumn * allColumns)],
    ["shim channels", Math.max(a, b, c) / channel],
  ];
  const [bound, work] = parts.reduce((longest, part) => (part[1] > longest[1] ? part : longest));
  return { seconds: model.launchSeconds + work, bound: work > model.launchSeconds ? bound : "launch" };
}
