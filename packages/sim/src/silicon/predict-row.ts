import { deviceModel } from "@aiekit/mlir";
import { dmaWork } from "./dma-time.ts";
import { encoderNames, encoderSeconds } from "./encoder-time.ts";
import { type GemmPlace, gemmPeak, gemmSeconds, reachedPart } from "./gemm-time.ts";
import { latencyWork } from "./latency-time.ts";
import { inUnit, measurementsOf, type RowWork } from "./measurement.ts";
import { gemmPlace, kernelsAreTuned } from "./row-place.ts";
import { fittedRows, type SiliconModel, siliconModel } from "./silicon-model.ts";
import { measurementUnits, numberOf, type SiliconRow, textOf } from "./silicon-row.ts";

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
  /** What the row does not say and the prediction takes as given, and what holds the work up longest. */
  readonly notes: readonly string[];
}

export interface NoPrediction {
  readonly row: SiliconRow;
  readonly reason: string;
}

/** What the model says of a published measurement, in the measurement's own unit. */
export function predictRow(row: SiliconRow, model: SiliconModel = siliconModel): RowPrediction | NoPrediction {
  const [measured, ...others] = measurementsOf(row);
  if (measured === undefined) return { row, reason: noMeasurement(row) };
  const found = workOf(row, model);
  if (typeof found === "string") return { row, reason: found };
  const clockHz = clockOf(row) ?? deviceModel(row.device).clockHz;
  const modelled = inUnit(found.work, measured.unit, clockHz);
  if (typeof modelled === "string") return { row, reason: modelled };
  const unused = [...row.unused, ...others.map(({ unit }) => unit)];
  return {
    row,
    unit: measured.unit,
    measured: measured.value,
    modelled,
    error: (modelled - measured.value) / measured.value,
    fitted: fittedRows.includes(row.id),
    notes: [...found.notes, ...deviceNotes(row), ...(unused.length > 0 ? [`not used: ${unused.join(", ")}`] : [])],
  };
}

/** Median of the errors' sizes; undefined where there are none. */
export function medianError(errors: readonly { readonly error: number }[]): number | undefined {
  const sizes = errors.map(({ error }) => Math.abs(error)).sort((a, b) => a - b);
  if (sizes.length === 0) return undefined;
  return (sizes[(sizes.length - 1) >> 1]! + sizes[sizes.length >> 1]!) / 2;
}

function noMeasurement({ fields, unused }: SiliconRow): string {
  const numbers = unused.filter((key) => typeof fields[key] === "number");
  const found = numbers.length > 0 ? `, found ${numbers.join(", ")}` : "";
  return `no measurement: expected one of ${measurementUnits.join(", ")}${found}`;
}

/** Of npu2, best rates are published and nothing else. */
function deviceNotes({ device, kind }: SiliconRow): string[] {
  return device === "npu2" && kind !== "gemm-best" ? ["constants of npu1"] : [];
}

function clockOf(row: SiliconRow): number | undefined {
  const megahertz = numberOf(row, "clock_mhz");
  return megahertz === undefined ? undefined : megahertz * 1e6;
}

function workOf(row: SiliconRow, model: SiliconModel): RowWork {
  switch (row.kind) {
    case "gemm":
      return gemmWork(row, model);
    case "gemm-best": {
      const place = gemmPlace(row, { tuned: true });
      if (typeof place === "string") return place;
      const operations = gemmPeak(place) * reachedPart(place, model);
      return { work: { seconds: 1, operations, steady: true }, notes: [] };
    }
    case "latency":
      return latencyWork(row, model);
    case "dma":
      return dmaWork(row, model);
    case "whisper-encoder":
      return encoderWork(row, model);
    default:
      return `rows of kind ${row.kind} are not modelled`;
  }
}

/** Shape of a row that gives only a range over shapes: a layer's product of the largest Whisper. */
const usualShape = { M: 1536, K: 1280, N: 1280 };

function gemmWork(row: SiliconRow, model: SiliconModel): RowWork {
  const place: GemmPlace | string = gemmPlace(row, { tuned: kernelsAreTuned(row) });
  if (typeof place === "string") return place;
  const sizes = { M: numberOf(row, "M"), K: numberOf(row, "K"), N: numberOf(row, "N") };
  const missing = Object.entries(sizes).flatMap(([key, size]) => (size === undefined ? key : []));
  if (missing.length > 0 && missing.length < 3) return `expected M, K and N, found no ${missing.join(", ")}`;
  const isRange = Object.keys(row.fields).some((key) => key.endsWith("_min"));
  if (missing.length === 3 && !isRange) return "expected M, K and N, found none of them";
  const shape = missing.length === 0 ? (sizes as typeof usualShape) : usualShape;
  const { seconds, bound } = gemmSeconds({ ...place, ...shape }, model);
  const notes = [
    ...(missing.length > 0
      ? [`assumes ${usualShape.M} x ${usualShape.K} x ${usualShape.N} for a range of shapes`]
      : []),
    ...(place.tuned ? ["kernels tuned by hand"] : []),
    `bound by ${bound}`,
  ];
  return { work: { seconds, operations: 2 * shape.M * shape.K * shape.N }, notes };
}

function encoderWork(row: SiliconRow, model: SiliconModel): RowWork {
  const name = textOf(row, "model");
  if (name === "") return `expected a field model, one of ${encoderNames.join(", ")}`;
  const context = numberOf(row, "context") ?? 1500;
  const served = /\bserv(e|er|ed|ing)\b/i.test(`${row.source} ${textOf(row, "what")}`);
  const seconds = encoderSeconds({ model: name, device: row.device, context, clockHz: clockOf(row), served }, model);
  if (seconds === undefined) return `no Whisper model is called ${name}: expected ${encoderNames.join(", ")}`;
  const notes = [served ? "in a serving program" : "launches through raw XRT"];
  return { work: { seconds }, notes };
}
