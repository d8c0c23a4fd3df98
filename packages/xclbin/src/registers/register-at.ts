import type { RegisterRow, TileKind } from "./register-rows.ts";
import { registerTable } from "./register-table.ts";

/** A place of the array as an address names it. */
export interface RegisterPlace {
  readonly col: number;
  readonly row: number;
  readonly kind: TileKind;
  /** Within the tile. */
  readonly offset: number;
  /** Absent where no register of the table lies there. */
  readonly register: FoundRegister | undefined;
}

export interface FoundRegister {
  readonly row: RegisterRow;
  /** With its index: `DMA_BD3`, `Lock2_Value`. */
  readonly name: string;
  readonly index: number;
  /** Bytes from its start; 0 for a register of one word. */
  readonly inside: number;
}

/** Address bits: column from 25 on, row 20 to 24, offset below. Source: AIETargetModel getColumnShift, getRowShift. */
const columnShift = 25;
const rowShift = 20;

const indexes: Readonly<Record<TileKind, RegisterIndex>> = {
  shim: indexOf(registerTable.shim),
  memtile: indexOf(registerTable.memtile),
  computeTile: indexOf(registerTable.computeTile),
};

/** Row 0 is the shim, row 1 the memtile on every NPU. */
function tileKindAt(row: number): TileKind {
  if (row === 0) return "shim";
  return row === 1 ? "memtile" : "computeTile";
}

/** Finds the register that an array address (col<<25 | row<<20 | offset) means. */
export function registerAt(address: number): RegisterPlace {
  const [col, row] = [Math.floor(address / 2 ** columnShift), (address >>> rowShift) & 0x1f];
  const offset = address & 0xfffff;
  const kind = tileKindAt(row);
  return { col, row, kind, offset, register: registerOf(kind, offset) };
}

/** Address of a place in the array. */
export function arrayAddress(col: number, row: number, offset: number): number {
  return ((col << columnShift) | (row << rowShift) | offset) >>> 0;
}

function registerOf(kind: TileKind, offset: number): FoundRegister | undefined {
  const { byWord, memories } = indexes[kind];
  const row = byWord.get(offset >>> 2) ?? memories.find(({ offset: at, bytes }) => offset >= at && offset < at + bytes);
  if (row === undefined) return undefined;
  const index = Math.floor((offset - row.offset) / row.strideBytes);
  const inside = offset - row.offset - index * row.strideBytes;
  return { row, name: row.name.replace("#", `${index}`), index, inside };
}

interface RegisterIndex {
  /** Rows by offset / 4, memories left out. */
  readonly byWord: ReadonlyMap<number, RegisterRow>;
  readonly memories: readonly RegisterRow[];
}

function indexOf(rows: readonly RegisterRow[]): RegisterIndex {
  const isMemory = ({ role }: RegisterRow): boolean => role === "dataMemory" || role === "programMemory";
  const byWord = new Map<number, RegisterRow>();
  for (const row of rows.filter((candidate) => !isMemory(candidate))) {
    for (let i = 0; i < row.count; i++) {
      for (let at = 0; at < row.bytes; at += 4) byWord.set((row.offset + i * row.strideBytes + at) >>> 2, row);
    }
  }
  return { byWord, memories: rows.filter(isMemory) };
}
