import { bdFields, bdText, bdWordCounts } from "./bd-fields.ts";
import { type FoundRegister, type RegisterPlace, registerAt } from "./register-at.ts";
import type { RegisterField, RegisterRow, TileKind } from "./register-rows.ts";
import { switchPorts } from "./switch-ports.ts";

/** A write to a register, told by name. Numbers that are bits are hexadecimal text. */
export interface RegisterWrite {
  readonly tile: readonly [col: number, row: number];
  /** `core`, `memory`, `memtile`, `noc` or `pl`; absent with `register` where the table knows none. */
  readonly module?: string;
  readonly register?: string;
  /** Within the tile. */
  readonly offset: string;
  readonly value?: string;
  readonly mask?: string;
  /** What the value says, in words. */
  readonly meaning?: string;
}

/** One word written to an address, under a mask where there is one. */
export function describeWrite(address: number, value: number, mask?: number): RegisterWrite {
  const place = registerAt(address);
  const meaning = meaningOf(place, value >>> 0, mask === undefined ? undefined : mask >>> 0);
  return {
    ...placeOf(place),
    value: hexWord(value),
    ...(mask === undefined ? {} : { mask: hexWord(mask) }),
    ...(meaning === "" ? {} : { meaning }),
  };
}

/** The place alone, for what is polled, patched or written as a block. */
export function describePlace(address: number): RegisterWrite {
  return placeOf(registerAt(address));
}

/** `tile (0,2) memory DMA_BD1`, or the offset where no register is known. */
export function placeText({ tile, module, register, offset }: RegisterWrite): string {
  const where = `tile (${tile[0]},${tile[1]})`;
  return register === undefined ? `${where} ${offset}` : `${where} ${module} ${register}`;
}

/** `tile (0,2) core Core_Control = 0x1 under mask 0x1: Enable`. */
export function writeText(write: RegisterWrite): string {
  const mask = write.mask === undefined ? "" : ` under mask ${write.mask}`;
  const meaning = write.meaning === undefined ? "" : `: ${write.meaning}`;
  return `${placeText(write)} = ${write.value}${mask}${meaning}`;
}

/** Words written from an address on, where they make up whole BDs: each BD with its content. Empty otherwise. */
export function blockBds(
  address: number,
  words: readonly number[],
): readonly { readonly bd: number; readonly text: string }[] {
  const { kind, register } = registerAt(address);
  if (register?.row.role !== "bd" || register.inside !== 0) return [];
  const [count, stride] = [bdWordCounts[kind], register.row.strideBytes / 4];
  const bds: { bd: number; text: string }[] = [];
  for (let at = 0; at + count <= words.length && register.index + bds.length < register.row.count; at += stride) {
    const content = bdFields(kind, words.slice(at, at + count));
    bds.push({ bd: register.index + bds.length, text: bdText(kind, content) });
  }
  return bds;
}

function hexWord(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

function placeOf({ col, row, offset, register }: RegisterPlace): RegisterWrite {
  const tile = [col, row] as const;
  if (register === undefined) return { tile, offset: `0x${offset.toString(16)}` };
  const { name, inside, row: found } = register;
  const within = inside === 0 ? "" : found.role === "bd" ? ` word ${inside / 4}` : ` + 0x${inside.toString(16)}`;
  return { tile, module: found.module, register: `${name}${within}`, offset: `0x${offset.toString(16)}` };
}

function meaningOf({ kind, register }: RegisterPlace, value: number, mask: number | undefined): string {
  if (register === undefined) return "";
  switch (register.row.role) {
    case "switchMaster":
      return masterMeaning(kind, value);
    case "switchSlave":
      return value >>> 31 === 0 ? "off" : (value >>> 30) & 1 ? "on, packets" : "on";
    case "switchSlot":
      return slotMeaning(value);
    case "taskQueue":
      return queueMeaning(register, value);
    case "shimMux":
      return fieldValues(register.row, value, mask).map(muxMeaning).join(", ");
    case "lock":
      return `${(value & 0x3f) >= 32 ? (value & 0x3f) - 64 : value & 0x3f}`;
    default:
      return fieldValues(register.row, value, mask)
        .map(fieldMeaning)
        .filter((text) => text !== "")
        .join(", ");
  }
}

/** Circuits name the slave by its number; packets the arbiter and the selections that it lets through. */
function masterMeaning(kind: TileKind, value: number): string {
  if (value >>> 31 === 0) return "off";
  const isPacket = ((value >>> 30) & 1) === 1;
  const configuration = value & 0x7f;
  if (!isPacket) return `from ${switchPorts[kind].slaves[configuration] ?? `slave ${configuration}`}`;
  const selects = [0, 1, 2, 3].filter((i) => (configuration >>> (3 + i)) & 1);
  const header = (value >>> 7) & 1 ? ", header dropped" : "";
  return `packets of arbiter ${configuration & 7}, msel ${selects.join(" ")}${header}`;
}

function slotMeaning(value: number): string {
  if (((value >>> 8) & 1) === 0) return "off";
  const [id, mask] = [(value >>> 24) & 0x1f, (value >>> 16) & 0x1f];
  return `packet id ${id} under mask 0x${mask.toString(16)} to arbiter ${value & 7}, msel ${(value >>> 4) & 3}`;
}

function queueMeaning({ row }: FoundRegister, value: number): string {
  const bdMask = 2 ** (row.fields[0]?.width ?? 4) - 1;
  const times = ((value >>> 16) & 0xff) + 1;
  return `start BD ${value & bdMask}${times > 1 ? `, ${times} times` : ""}${value >>> 31 === 1 ? ", token" : ""}`;
}

interface FieldValue extends RegisterField {
  readonly value: number;
}

/** The fields that a write sets, under its mask. */
function fieldValues({ fields }: RegisterRow, value: number, mask = 0xffffffff): FieldValue[] {
  return fields
    .filter(({ shift, width }) => (mask >>> shift) % 2 ** width !== 0)
    .map((field) => ({ ...field, value: (value >>> field.shift) % 2 ** field.width }));
}

function fieldMeaning({ name, width, value }: FieldValue): string {
  if (width === 1) return value === 1 ? name : `not ${name}`;
  return `${name} ${value}`;
}

const muxSources = ["PL", "DMA", "NoC"];

function muxMeaning({ name, value }: FieldValue): string {
  return `${name} ${muxSources[value] ?? value}`;
}
