import { type DeviceModel, tileKind } from "./device-model.ts";
import type { TileKind } from "./tile-model.ts";

export const bundles = [
  "Core",
  "DMA",
  "FIFO",
  "South",
  "West",
  "North",
  "East",
  "PLIO",
  "NOC",
  "Trace",
  "TileControl",
] as const;
/** A group of stream-switch ports, in the dialect's words. */
export type Bundle = (typeof bundles)[number];

/** Ports of a bundle: `masters` leave the switch (destinations), `slaves` enter it (sources). */
export interface PortCount {
  readonly masters: number;
  readonly slaves: number;
}

const none: PortCount = { masters: 0, slaves: 0 };

/**
 * Ports of a tile's stream switch. Sources: AIETargetModel getNumDestSwitchboxConnections and
 * getNumSourceSwitchboxConnections (AIE2); AM020 chapter 2. Shim DMAs come in through the shim mux, not as ports here.
 */
const portCounts: Readonly<Record<TileKind, Partial<Record<Bundle, PortCount>>>> = {
  computeTile: {
    Core: { masters: 1, slaves: 1 },
    DMA: { masters: 2, slaves: 2 },
    FIFO: { masters: 1, slaves: 1 },
    North: { masters: 6, slaves: 4 },
    South: { masters: 4, slaves: 6 },
    West: { masters: 4, slaves: 4 },
    East: { masters: 4, slaves: 4 },
    TileControl: { masters: 1, slaves: 1 },
    Trace: { masters: 0, slaves: 2 },
  },
  memtile: {
    DMA: { masters: 6, slaves: 6 },
    North: { masters: 6, slaves: 4 },
    South: { masters: 4, slaves: 6 },
    TileControl: { masters: 1, slaves: 1 },
    Trace: { masters: 0, slaves: 1 },
  },
  shim: {
    FIFO: { masters: 1, slaves: 1 },
    North: { masters: 6, slaves: 4 },
    South: { masters: 6, slaves: 8 },
    West: { masters: 4, slaves: 4 },
    East: { masters: 4, slaves: 4 },
    TileControl: { masters: 1, slaves: 1 },
    Trace: { masters: 0, slaves: 1 },
  },
};

/** Ports of one bundle at (col,row); those that would leave the array are not there. */
export function switchPorts(device: DeviceModel, col: number, row: number, bundle: Bundle): PortCount {
  const kind = tileKind(device, col, row);
  if (kind === undefined) return none;
  if (bundle === "West" && col === 0) return none;
  if (bundle === "East" && col === device.columns - 1) return none;
  if (bundle === "North" && row === device.rows - 1) return none;
  return portCounts[kind][bundle] ?? none;
}

/** Shim DMA channels enter and leave the switch through these South ports. Source: AIETargetModel, shim mux of the NPUs. */
export const shimMuxPorts = {
  /** Slave South port that MM2S channel 0, 1 feeds. */
  MM2S: [3, 7],
  /** Master South port that feeds S2MM channel 0, 1. */
  S2MM: [2, 3],
} as const;

/** Packet switching per switch. Source: AIETargetModel; AM020 chapter 2. */
export const packetSwitch = { arbiters: 6, mselsPerArbiter: 4, rulesPerSlave: 4, idMax: 31, typeMax: 7 } as const;
