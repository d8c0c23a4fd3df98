import { deviceModel } from "@aiekit/mlir";
import { costModel } from "../cost-model.ts";
import type { SiliconModel } from "./silicon-model.ts";

export interface GemmShape {
  readonly M: number;
  readonly K: number;
  readonly N: number;
}

export interface GemmJob extends GemmShape {
  readonly device: "npu1" | "npu2";
  readonly type: OperandType;
  /** All of the device's when left out. */
  readonly cores?: number | undefined;
}

export type OperandType = "int8" | "int16" | "bf16" | "bfp16";

interface TypeFacts {
  readonly bytes: number;
  readonly isFloat: boolean;
  /** Multiplications a core does in a cycle. Source: AM020 (npu1); native shapes of aie_api, AM027 (npu2). */
  readonly macs: { readonly npu1: number; readonly npu2: number };
}

const types: Readonly<Record<OperandType, TypeFacts>> = {
  int8: { bytes: 1, isFloat: false, macs: { npu1: 256, npu2: 512 } },
  int16: { bytes: 2, isFloat: false, macs: { npu1: 64, npu2: 128 } },
  bf16: { bytes: 2, isFloat: true, macs: { npu1: 128, npu2: 256 } },
  bfp16: { bytes: 9 / 8, isFloat: true, macs: { npu1: 128, npu2: 512 } },
};

/** Rows and columns of the result that a core works on. The usual choice of published designs. */
const tileEdge = 64;
const resultBytes = 4;
const rowsOfCores = 4;

/** Columns and rows of cores, and their clock in Hz. */
function coresOf({ device, cores }: GemmJob) {
  const model = deviceModel(device);
  const all = model.columns * rowsOfCores;
  const count = Math.min(cores ?? all, all);
  const rows = Math.min(rowsOfCores, count);
  return { columns: Math.ceil(count / rows), rows, count, clockHz: model.clockHz, generation: model.generation };
}

/** Operations a second, 2 for each multiplication, at a part of the multipliers' peak. */
export function gemmPeak(job: Omit<GemmJob, "M" | "K" | "N">, part: number): number {
  const { count, clockHz } = coresOf({ ...job, M: 1, K: 1, N: 1 });
  return 2 * count * types[job.type].macs[job.device] * clockHz * part;
}

/**
 * Seconds of one launch of a matrix product whose cores each hold a 64 x 64 part of the result: the slower of the multipliers,
 * host memory and the shims' channels. A is read once for each column of parts, B once for each row of them.
 */
export function gemmSeconds(job: GemmJob, model: SiliconModel): number {
  const { M, K, N } = job;
  const { bytes, isFloat } = types[job.type];
  const { columns, rows, clockHz, generation } = coresOf(job);
  const a = M * K * bytes * Math.ceil(N / (tileEdge * columns));
  const b = K * N * bytes * Math.ceil(M / (tileEdge * rows));
  const c = M * N * resultBytes;
  const multiply = (2 * M * K * N) / gemmPeak(job, isFloat ? model.generated.float : model.generated.integer);
  const host = (a + b + c) / (model.hostBytesPerColumn * deviceModel(job.device).columns);
  const channel = 4 * costModel(generation).streamWordsPerCycle * clockHz * columns;
  const shims = Math.max(a, b, c) / channel;
  return model.launchSeconds + Math.max(multiply, host, shims);
}
