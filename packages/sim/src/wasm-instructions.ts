import type { ModuleReader } from "./wasm-sections.ts";

/** An instruction as an analysis of values needs it. `sub`: the number behind the prefixes 0xfc and 0xfd. */
export interface Instruction {
  readonly opcode: number;
  readonly sub: number;
  /** Index, label or block type; 0 where there is none. */
  readonly index: number;
  /** Offset of an access to memory, or the value of an `i32.const`; 0 where there is neither. */
  readonly immediate: number;
  /** Labels of a br_table, its default last. */
  readonly labels: readonly number[];
}

export const ops = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i32LessThan: 0x48,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32And: 0x71,
  i32Or: 0x72,
} as const;

const noLabels: readonly number[] = [];
const bulk = 0xfc;
const vector = 0xfd;

/** The instruction at the reader's place, which then stands behind it. Undefined for one that kernels do not use. */
export function readInstruction(reader: ModuleReader): Instruction | undefined {
  const opcode = reader.byte();
  let [sub, index, immediate] = [0, 0, 0];
  let labels = noLabels;
  if (opcode >= 0x02 && opcode <= 0x04) index = blockType(reader);
  else if (opcode === ops.brTable) labels = [...reader.list(() => reader.unsigned()), reader.unsigned()];
  else if ((opcode >= 0x0c && opcode <= 0x10) || (opcode >= 0x20 && opcode <= 0x24)) {
    if (opcode !== ops.return) index = reader.unsigned();
  } else if (opcode === ops.callIndirect) {
    index = reader.unsigned();
    reader.unsigned();
  } else if ((opcode >= 0x12 && opcode <= 0x19) || opcode === 0x25 || opcode === 0x26) return undefined;
  else if (opcode === 0x1c) reader.list(() => reader.byte());
  else if (opcode >= 0x28 && opcode <= 0x3e) immediate = memoryOffset(reader);
  else if (opcode === 0x3f || opcode === 0x40) reader.skip(1);
  else if (opcode === ops.i32Const) immediate = reader.signed();
  else if (opcode === 0x42) reader.skipSigned();
  else if (opcode === 0x43) reader.skip(4);
  else if (opcode === 0x44) reader.skip(8);
  else if (opcode === bulk) {
    sub = reader.unsigned();
    if (sub > 11 || sub === 8 || sub === 9) return undefined;
    if (sub >= 10) reader.skip(12 - sub);
  } else if (opcode === vector) {
    sub = reader.unsigned();
    if (sub <= 11 || (sub >= 84 && sub <= 93)) immediate = memoryOffset(reader);
    if (sub === 12 || sub === 13) reader.skip(16);
    if ((sub >= 21 && sub <= 34) || (sub >= 84 && sub <= 91)) reader.skip(1);
  } else if (opcode > 0xc4) return undefined;
  return { opcode, sub, index, immediate, labels };
}

function memoryOffset(reader: ModuleReader): number {
  reader.unsigned();
  return reader.unsigned();
}

/** -1: no values; -2: one result; else the index of a type. */
function blockType(reader: ModuleReader): number {
  const byte = reader.bytes[reader.offset]!;
  if (byte >= 0x40 && byte < 0x80) {
    reader.skip(1);
    return byte === 0x40 ? -1 : -2;
  }
  return reader.unsigned();
}

/** Values that an instruction takes from the stack and leaves there; undefined for control and for what is not known. */
export function stackEffect({ opcode, sub }: Instruction): readonly [takes: number, leaves: number] | undefined {
  if (opcode === 0x01) return [0, 0];
  if (opcode === 0x1a) return [1, 0];
  if (opcode === 0x1b || opcode === 0x1c) return [3, 1];
  if (opcode >= 0x28 && opcode <= 0x35) return [1, 1];
  if (opcode >= 0x36 && opcode <= 0x3e) return [2, 0];
  if (opcode === 0x3f || (opcode >= 0x41 && opcode <= 0x44)) return [0, 1];
  if (opcode === bulk) return sub <= 7 ? [1, 1] : [3, 0];
  if (opcode === vector) return vectorEffect(sub);
  if (opcode >= 0x45 && opcode <= 0xc4) return [isUnary(opcode) ? 1 : 2, 1];
  return undefined;
}

const within = (value: number, ...ranges: readonly (readonly [number, number])[]): boolean =>
  ranges.some(([first, last]) => value >= first && value <= last);

/** Source: WebAssembly Core Specification 2.0, 5.4.7 Numeric Instructions. */
function isUnary(opcode: number): boolean {
  const tests = opcode === 0x45 || opcode === 0x50;
  return tests || within(opcode, [0x67, 0x69], [0x79, 0x7b], [0x8b, 0x91], [0x99, 0x9f], [0xa7, 0xc4]);
}

/** Source: WebAssembly Core Specification 2.0, 5.4.8 Vector Instructions; relaxed ones: 3.0. */
function vectorEffect(sub: number): readonly [number, number] | undefined {
  if (sub > 275) return undefined;
  if (sub === 12) return [0, 1];
  if (sub === 11 || within(sub, [88, 91])) return [2, 0];
  if (sub === 82 || within(sub, [261, 268]) || sub === 275) return [3, 1];
  const extracts = [21, 22, 24, 25, 27, 29, 31, 33].includes(sub);
  const unary =
    extracts ||
    sub === 77 ||
    sub === 83 ||
    within(sub, [0, 10], [15, 20], [92, 100], [103, 106], [116, 117], [122, 122], [124, 129], [131, 132]) ||
    within(sub, [135, 138], [148, 148], [160, 161], [163, 164], [167, 170], [192, 193], [195, 196], [199, 202]) ||
    within(sub, [224, 225], [227, 227], [236, 237], [239, 239], [248, 255], [257, 260]);
  return [unary ? 1 : 2, 1];
}
