import type { DeviceModel } from "../device-model/device-model.ts";

/** A Versal device: designs for it are read, checked and printed; they are not lowered or simulated here. */
interface VersalDevice {
  readonly model: Pick<DeviceModel, "name" | "columns" | "rows" | "memtileRows">;
  /** Columns whose shim tile has DMAs; the others end in the programmable logic. */
  readonly nocColumns: readonly number[];
  /** AIE1 differs from AIE2 in locks, memories and cascades; the rules of AIE2 do not hold there. */
  readonly isAie1: boolean;
}

/** The Versal device of that name. Source: AIETargetModel, VC1902, VE2302 and VE2802 models. */
export function versalDevice(name: string | undefined): VersalDevice | undefined {
  return versalDevices.find(({ model }) => model.name === name);
}

const versalDevices: readonly VersalDevice[] = [
  {
    model: { name: "xcvc1902", columns: 50, rows: 9, memtileRows: 0 },
    nocColumns: [2, 3, 6, 7, 10, 11, 18, 19, 26, 27, 34, 35, 42, 43, 46, 47],
    isAie1: true,
  },
  {
    model: { name: "xcve2302", columns: 17, rows: 4, memtileRows: 1 },
    nocColumns: [2, 3, 6, 7, 10, 11],
    isAie1: false,
  },
  {
    model: { name: "xcve2802", columns: 38, rows: 11, memtileRows: 2 },
    nocColumns: [2, 3, 6, 7, 14, 15, 22, 23, 30, 31, 34, 35],
    isAie1: false,
  },
];
