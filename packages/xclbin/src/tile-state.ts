import type { CdoCommand } from "./cdo.ts";
import { bdFields, bdText, bdWordCounts } from "./registers/bd-fields.ts";
import { registerAt } from "./registers/register-at.ts";
import type { TileKind } from "./registers/register-rows.ts";
import { registerTable } from "./registers/register-table.ts";
import { describeWrite } from "./registers/register-write.ts";

/** What a register of a tile holds when a configuration has been written. */
interface RegisterState {
  readonly module: string;
  readonly register: string;
  /** BDs have none: their words are told in `meaning`. */
  readonly value?: string;
  readonly meaning?: string;
}

/** Registers of one tile, by address. Registers that ended as 0 and memories are left out. */
export interface TileState {
  readonly tile: readonly [col: number, row: number];
  readonly kind: TileKind;
  readonly registers: readonly RegisterState[];
  /** Pushes to task queues, in order. */
  readonly started: readonly { readonly register: string; readonly meaning: string }[];
}

interface Registers {
  readonly col: number;
  readonly row: number;
  readonly kind: TileKind;
  readonly words: Map<number, number>;
  readonly started: { register: string; meaning: string }[];
}

/** Addresses within a tile. */
const tileBytes = 2 ** 20;

/** The state of every tile that commands write to, by column and row. */
export function tileStates(commands: readonly CdoCommand[]): readonly TileState[] {
  const tiles = new Map<string, Registers>();
  for (const command of commands) {
    if (command.command === "nop" || command.command === "other") continue;
    const { col, row, kind, offset, register } = registerAt(command.address);
    const tile: Registers = tiles.get(`${col},${row}`) ?? { col, row, kind, words: new Map(), started: [] };
    tiles.set(`${col},${row}`, tile);
    if (command.command === "dmaWrite") {
      if (register?.row.role === "programMemory" || register?.row.role === "dataMemory") continue;
      const { data } = command;
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      const end = Math.min(data.length, tileBytes - offset);
      for (let at = 0; at + 4 <= end; at += 4) tile.words.set(offset + at, view.getUint32(at, true));
    } else if (register?.row.role === "taskQueue") {
      const { meaning = "" } = describeWrite(command.address, command.value);
      tile.started.push({ register: register.name, meaning });
    } else {
      const mask = command.command === "maskWrite" ? command.mask : 0xffffffff;
      const old = tile.words.get(offset) ?? 0;
      tile.words.set(offset, ((old & ~mask) | (command.value & mask)) >>> 0);
    }
  }
  return [...tiles.values()]
    .sort((a, b) => a.col - b.col || a.row - b.row)
    .map((tile) => ({
      tile: [tile.col, tile.row],
      kind: tile.kind,
      registers: [...bdStates(tile), ...registerStates(tile)],
      started: tile.started,
    }));
}

function bdStates({ kind, words }: Registers): RegisterState[] {
  const row = registerTable[kind].find(({ role }) => role === "bd")!;
  return Array.from({ length: row.count }, (_, bd) => bd).flatMap((bd): RegisterState[] => {
    const offset = row.offset + bd * row.strideBytes;
    const offsets = Array.from({ length: bdWordCounts[kind] }, (_, i) => offset + i * 4);
    if (!offsets.some((at) => words.has(at))) return [];
    const content = bdFields(
      kind,
      offsets.map((at) => words.get(at) ?? 0),
    );
    return [{ module: row.module, register: `DMA_BD${bd}`, meaning: bdText(kind, content) }];
  });
}

function registerStates({ col, row, kind, words }: Registers): RegisterState[] {
  const base = col * 2 ** 25 + row * 2 ** 20;
  const bds = registerTable[kind].find(({ role }) => role === "bd")!;
  const bdEnd = bds.offset + bds.count * bds.strideBytes;
  return [...words]
    .filter(([offset, value]) => value !== 0 && (offset < bds.offset || offset >= bdEnd))
    .sort(([a], [b]) => a - b)
    .map(([offset, value]) => {
      const { module, register, meaning, offset: place } = describeWrite(base + offset, value);
      const hex = `0x${value.toString(16)}`;
      const named = { module: module ?? "", register: register ?? place, value: hex };
      return meaning === undefined ? named : { ...named, meaning };
    });
}
