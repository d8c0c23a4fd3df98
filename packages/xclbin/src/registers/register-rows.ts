/** What stands at a place of the array. Row 0 is shim, row 1 memtile, rows 2 and up compute tiles. */
export type TileKind = "shim" | "memtile" | "computeTile";

/** Part of a tile that a register belongs to, in AMD's words. */
export type RegisterModule = "core" | "memory" | "memtile" | "noc" | "pl";

/** What a register is for, where its value has a meaning of its own to decode. */
type RegisterRole =
  | "dataMemory"
  | "programMemory"
  | "coreControl"
  | "lock"
  | "bd"
  | "channelControl"
  | "taskQueue"
  | "switchMaster"
  | "switchSlave"
  | "switchSlot"
  | "shimMux"
  | "other";

/** Bits of a register. */
export interface RegisterField {
  readonly name: string;
  readonly shift: number;
  readonly width: number;
}

/** One register, or a row of like ones. `#` in the name stands for the index. */
export interface RegisterRow {
  readonly module: RegisterModule;
  readonly name: string;
  readonly offset: number;
  readonly count: number;
  readonly strideBytes: number;
  /** Bytes of one of them: 4 for a register, more for BDs and memories. */
  readonly bytes: number;
  readonly role: RegisterRole;
  readonly fields: readonly RegisterField[];
}

interface RowOptions {
  readonly count?: number;
  readonly stride?: number;
  readonly bytes?: number;
  readonly role?: RegisterRole;
  /** "Name:bit Name:low-high ..." */
  readonly fields?: string;
}

/** Makes the rows of one module. */
export function rowsOf(module: RegisterModule) {
  return (offset: number, name: string, options: RowOptions = {}): RegisterRow => {
    const { count = 1, bytes = 4, stride = bytes, role = "other", fields = "" } = options;
    return { module, name, offset, count, strideBytes: stride, bytes, role, fields: fieldsOf(fields) };
  };
}

function fieldsOf(text: string): RegisterField[] {
  return text
    .split(" ")
    .filter((part) => part !== "")
    .map((part) => {
      const [name = "", bits = ""] = part.split(":");
      const [low = 0, high = low] = bits.split("-").map(Number);
      return { name, shift: low, width: high - low + 1 };
    });
}
