import { UsageError } from "@aiekit/core";
import { type TileKind, type TileModel, tileModels } from "./tile-model.ts";

/** Generation of the array: `aie2` in Phoenix and Hawk Point, `aie2p` in Strix and Krackan. */
export type Generation = "aie2" | "aie2p";

/** One device name of the dialect: a partition of whole columns. Coordinates count from its first column. */
export interface DeviceModel {
  readonly name: string;
  readonly generation: Generation;
  readonly columns: number;
  readonly rows: number;
  readonly memtileRows: number;
  /** Generation byte of an instruction stream's header. Source: aie-rt, device generation of the transaction header. */
  readonly txnGeneration: number;
  /** Clock that cycle counts are turned into time with; see `clockHz`. */
  readonly clockHz: number;
  /** Bytes that a shim DMA may ask memory for at once, shortest first. Source: AIETargetModel getShimBurstLength. */
  readonly burstBytes: readonly number[];
}

/**
 * Array clocks in the power mode that the driver's tables call nominal: 1.024 GHz (npu1), 1.267 GHz (npu2). A machine in another
 * power mode runs from 0.8 to 1.6 GHz (npu1) or 1.8 GHz (npu2). Source: amdxdna npu1_regs.c and npu4_regs.c, DPM tables.
 */
const clockHz: Readonly<Record<Generation, number>> = { aie2: 1.024e9, aie2p: 1.267e9 };

/** Rows of every NPU: 0 shim, 1 memtile, 2..5 compute. Source: AIETargetModel, rows() of the NPU models. */
const rows = 6;

const family = (generation: Generation, names: readonly [name: string, columns: number][]) =>
  names.map(
    ([name, columns]): DeviceModel => ({
      name,
      generation,
      columns,
      rows,
      memtileRows: 1,
      txnGeneration: generation === "aie2" ? 3 : 4,
      clockHz: clockHz[generation],
      burstBytes: generation === "aie2" ? [64, 128, 256] : [64, 128, 256, 512],
    }),
  );

/** Every device name that designs may use, in the order of the dialect. */
export const deviceModels: readonly DeviceModel[] = [
  ...family("aie2", [
    ["npu1", 4],
    ["npu1_1col", 1],
    ["npu1_2col", 2],
    ["npu1_3col", 3],
  ]),
  ...family("aie2p", [
    ["npu2", 8],
    ["npu2_1col", 1],
    ["npu2_2col", 2],
    ["npu2_3col", 3],
    ["npu2_4col", 4],
    ["npu2_5col", 5],
    ["npu2_6col", 6],
    ["npu2_7col", 7],
  ]),
];

/** Names that arrays of all columns had before mlir-aie v1.1, and what they are called. */
export const wholeArrays: Readonly<Record<string, string>> = { npu1_4col: "npu1", npu2_8col: "npu2" };

/** @throws UsageError when no device has this name. */
export function deviceModel(name: string): DeviceModel {
  const model = deviceModels.find((d) => d.name === name);
  if (model) return model;
  const wholeArray = wholeArrays[name];
  throw new UsageError(`unknown device ${name}`, {
    hint: wholeArray
      ? `the whole array is called ${wholeArray}`
      : `devices: ${deviceModels.map((d) => d.name).join(", ")}`,
  });
}

/** Kind of the tile at (col,row); undefined outside the device. */
export function tileKind(device: DeviceModel, col: number, row: number): TileKind | undefined {
  if (!Number.isInteger(col) || !Number.isInteger(row)) return undefined;
  if (col < 0 || col >= device.columns || row < 0 || row >= device.rows) return undefined;
  if (row === 0) return "shim";
  return row <= device.memtileRows ? "memtile" : "computeTile";
}

/** Limits of the tile at (col,row). @throws UsageError outside the device. */
export function tileModel(device: DeviceModel, col: number, row: number): TileModel {
  const kind = tileKind(device, col, row);
  if (kind === undefined) {
    throw new UsageError(`tile (${col},${row}) is not on ${device.name}: columns 0..${device.columns - 1}, rows 0..5`);
  }
  return tileModels[kind];
}
