import { deviceModel } from "@aiekit/mlir";
import { costModel } from "../cost-model.ts";
import { encoderSeconds } from "./encoder-time.ts";
import { gemmPeak, gemmSeconds, type OperandType } from "./gemm-time.ts";
import { fittedRows, type SiliconModel, siliconModel } from "./silicon-model.ts";
import { numberOf, type SiliconRow, textOf } from "./silicon-row.ts";

export interface RowPrediction {
  readonly row: SiliconRow;
  readonly unit: string;
  /** Published; the middle of a range. */
  readonly measured: number;
  readonly modelled: number;
  /** (modelled - measured) / measured. */
  readonly error: number;
  /** The model was fitted to this row. */
  readonly fitted: boolean;
}

export interface NoPrediction {
  readonly row: SiliconRow;
  readonly reason: string;
}

/** What the model says of a published measurement, in the measurement's own unit. */
export function predictRow(row: SiliconRow, model: SiliconModel = siliconModel): RowPrediction | NoPrediction {
  const measured = measuredOf(row);
  if (measured === undefined) return { row, reason: "no field that holds a measurement is known" };
  const modelled = modelledIn(row, measured.unit, model);
  if (typeof modelled === "string") return { row, reason: modelled };
  const error = (modelled - measured.value) / measured.value;
  return { row, unit: measured.unit, measured: measured.value, modelled, error, fitted: fittedRows.includes(row.id) };
}

/** Median of the errors' sizes; undefined where there are none. */
export function medianError(predictions: readonly RowPrediction[]): number | undefined {
  const sizes = predictions.map(({ error }) => Math.abs(error)).sort((a, b) => a - b);
  if (sizes.length === 0) return undefined;
  return (sizes[(sizes.length - 1) >> 1]! + sizes[sizes.length >> 1]!) / 2;
}

/** Fields that hold a measurement, and what one of their unit is in operations a second, seconds or cycles. */
const units: Readonly<Record<string, number>> = {
  ...{ gflops: 1e9, gops: 1e9, tflops: 1e12, tops: 1e12 },
  ...{ s: 1, ms: 1e-3, us: 1e-6 },
  ...{ cycles: 1, words_per_cycle: 1 },
};
const rates = ["gflops", "gops", "tflops", "tops"];

function measuredOf(row: SiliconRow): { readonly unit: string; readonly value: number } | undefined {
  for (const unit of Object.keys(units)) {
    const value = numberOf(row, unit);
    if (value !== undefined) return { unit, value };
    const [least, most] = [numberOf(row, `${unit}_min`), numberOf(row, `${unit}_max`)];
    if (least !== undefined && most !== undefined) return { unit, value: (least + most) / 2 };
  }
  return undefined;
}

/** The prediction in `unit`, or why there is none. */
function modelledIn(row: SiliconRow, unit: string, model: SiliconModel): number | string {
  switch (row.kind) {
    case "gemm":
      return gemm(row, unit, model);
    case "gemm-best": {
      const type = operandType(row);
      if (type === undefined || !rates.includes(unit)) return "expected a type and a rate";
      return gemmPeak({ device: row.device, type }, model.tuned) / units[unit]!;
    }
    case "latency":
      return latency(row, unit, model);
    case "dma":
      return dma(row, unit, model);
    case "whisper-encoder": {
      const served = /\bserv(e|er|ing)\b/i.test(`${row.source} ${textOf(row, "what")}`);
      const seconds = encoderSeconds(textOf(row, "model"), numberOf(row, "context") ?? 1500, { model, served });
      return inTime(seconds ?? `no Whisper model is called ${textOf(row, "model")}`, unit);
    }
    default:
      return `rows of kind ${row.kind} are not modelled`;
  }
}

/** Shape of a row that gives only a range over shapes: a layer's product of the largest Whisper. */
const usualShape = { M: 1536, K: 1280, N: 1280 };

function gemm(row: SiliconRow, unit: string, model: SiliconModel): number | string {
  const type = operandType(row);
  if (type === undefined) return `no type of operands is read from "${textOf(row, "dtype")}"`;
  const [M, K, N] = ["M", "K", "N"].map((key) => numberOf(row, key));
  const shape = M && K && N ? { M, K, N } : usualShape;
  const seconds = gemmSeconds({ ...shape, device: row.device, type, cores: numberOf(row, "cores") }, model);
  if (rates.includes(unit)) return (2 * shape.M * shape.K * shape.N) / seconds / units[unit]!;
  return inTime(seconds, unit);
}

function latency(row: SiliconRow, unit: string, model: SiliconModel): number | string {
  const what = `${row.id} ${textOf(row, "what")}`.toLowerCase();
  if (/switch|overlay|context|reconfig/.test(what)) {
    return inTime(model.switchSeconds * (/pair|and back/.test(what) ? 2 : 1), unit);
  }
  const shape = /(\d+)\s*x\s*(\d+)\s*x\s*(\d+)/.exec(what);
  if (shape) {
    const [M, K, N] = shape.slice(1).map(Number) as [number, number, number];
    return inTime(gemmSeconds({ device: row.device, type: operandType(row) ?? "bf16", M, K, N }, model), unit);
  }
  if (/launch|call|submit|empty|no-op|noop/.test(what)) return inTime(model.launchSeconds, unit);
  return "what is timed is not known";
}

function dma(row: SiliconRow, unit: string, model: SiliconModel): number | string {
  const what = `${row.id} ${textOf(row, "what")}`;
  const { generation, clockHz } = deviceModel(row.device);
  const rate = costModel(generation).streamWordsPerCycle;
  if (unit === "words_per_cycle") return rate;
  const words = numberOf(row, "words") ?? (numberOf(row, "bytes") ?? 0) / 4;
  const direction = /s2mm/i.test(what) ? "S2MM" : "MM2S";
  const start = /cold|start/i.test(what) ? model.coldCycles[direction] : costModel(generation).bdStartCycles;
  if (unit === "cycles") return start + words / rate;
  return inTime((start + words / rate) / clockHz, unit);
}

function inTime(seconds: number | string, unit: string): number | string {
  if (typeof seconds === "string") return seconds;
  return units[unit] !== undefined && ["s", "ms", "us"].includes(unit)
    ? seconds / units[unit]
    : `no time is in ${unit}`;
}

function operandType(row: SiliconRow): OperandType | undefined {
  const text = textOf(row, "dtype").toLowerCase();
  if (/bfp16/.test(text)) return "bfp16";
  if (/bf16|bfloat16/.test(text)) return "bf16";
  if (/int8|i8/.test(text)) return "int8";
  return /int16|i16/.test(text) ? "int16" : undefined;
}
