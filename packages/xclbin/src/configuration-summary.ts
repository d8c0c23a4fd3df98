import type { Cdo } from "./cdo.ts";
import { registerAt } from "./registers/register-at.ts";

/** What a configuration does to one tile, told from the registers and memories that it writes. */
export interface TileConfiguration {
  readonly col: number;
  readonly row: number;
  /** Bytes written to program memory; 0 for a core without a program. */
  readonly programBytes: number;
  readonly dataBytes: number;
  readonly coreEnabled: boolean;
  readonly lockWrites: number;
  readonly bdWrites: number;
  readonly switchWrites: number;
  readonly otherWrites: number;
}

type Part = "program" | "data" | "core" | "lock" | "bd" | "switch" | "other";

interface Range {
  readonly part: Part;
  readonly from: number;
  readonly to: number;
}

// Offsets in a tile, as aie-translate's CDO files write them; npu1 and npu2 are alike.
const computeTileRanges: readonly Range[] = [
  { part: "data", from: 0x0, to: 0x10000 },
  { part: "bd", from: 0x1d000, to: 0x1d200 },
  { part: "lock", from: 0x1f000, to: 0x1f100 },
  { part: "program", from: 0x20000, to: 0x24000 },
  { part: "core", from: 0x32000, to: 0x32004 },
  { part: "switch", from: 0x3f000, to: 0x40000 },
];
const memtileRanges: readonly Range[] = [
  { part: "data", from: 0x0, to: 0x80000 },
  { part: "bd", from: 0xa0000, to: 0xa0600 },
  { part: "switch", from: 0xb0000, to: 0xb1000 },
  { part: "lock", from: 0xc0000, to: 0xc0400 },
];
const shimRanges: readonly Range[] = [
  { part: "lock", from: 0x14000, to: 0x14100 },
  { part: "bd", from: 0x1d000, to: 0x1d200 },
  { part: "switch", from: 0x3f000, to: 0x40000 },
];

/** The tiles that a CDO configures, by column and row. */
export function summarizeConfiguration({ commands }: Cdo): readonly TileConfiguration[] {
  const tiles = new Map<string, Mutable<TileConfiguration>>();
  for (const command of commands) {
    if (command.command === "nop" || command.command === "other") continue;
    const { address } = command;
    const { col, row, offset } = registerAt(address);
    const tile = tiles.get(`${col},${row}`) ?? emptyTile(col, row);
    tiles.set(`${col},${row}`, tile);
    const bytes = command.command === "dmaWrite" ? command.data.length : 4;
    const value = command.command === "dmaWrite" ? undefined : command.value;
    count(tile, partAt(row, offset), { bytes, value });
  }
  return [...tiles.values()].sort((a, b) => a.col - b.col || a.row - b.row);
}

export function describeTile(tile: TileConfiguration): string {
  const parts = [
    tile.programBytes > 0 ? `program ${tile.programBytes} B` : "",
    tile.dataBytes > 0 ? `data ${tile.dataBytes} B` : "",
    tile.lockWrites > 0 ? `${tile.lockWrites} lock writes` : "",
    tile.bdWrites > 0 ? `${tile.bdWrites} BD writes` : "",
    tile.switchWrites > 0 ? `${tile.switchWrites} stream switch writes` : "",
    tile.otherWrites > 0 ? `${tile.otherWrites} other writes` : "",
    tile.coreEnabled ? (tile.programBytes > 0 ? "core enabled" : "core enabled WITHOUT A PROGRAM") : "",
  ];
  return `tile (${tile.col},${tile.row}): ${parts.filter((part) => part !== "").join(", ")}`;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function emptyTile(col: number, row: number): Mutable<TileConfiguration> {
  return {
    col,
    row,
    ...{ programBytes: 0, dataBytes: 0, coreEnabled: false },
    ...{ lockWrites: 0, bdWrites: 0, switchWrites: 0, otherWrites: 0 },
  };
}

function partAt(row: number, offset: number): Part {
  const ranges = row === 0 ? shimRanges : row === 1 ? memtileRanges : computeTileRanges;
  return ranges.find(({ from, to }) => offset >= from && offset < to)?.part ?? "other";
}

function count(
  tile: Mutable<TileConfiguration>,
  part: Part,
  write: { bytes: number; value: number | undefined },
): void {
  switch (part) {
    case "program":
      tile.programBytes += write.bytes;
      return;
    case "data":
      tile.dataBytes += write.bytes;
      return;
    case "core":
      // Bit 0 of core control enables; the last write counts.
      if (write.value !== undefined) tile.coreEnabled = (write.value & 1) === 1;
      return;
    case "lock":
      tile.lockWrites++;
      return;
    case "bd":
      tile.bdWrites++;
      return;
    case "switch":
      tile.switchWrites++;
      return;
    case "other":
      tile.otherWrites++;
  }
}
