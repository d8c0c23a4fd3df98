import { expect, test } from "vitest";
import { decodeTxn, encodeTxn, type TxnOp } from "../txn.ts";
import { patchedArguments, readControlElf } from "./control-elf.ts";
import { writeFullElf, writeInstsElf } from "./control-elf-writer.ts";

const header = { major: 0, minor: 1, deviceGeneration: 3, rows: 6, cols: 1, memtileRows: 1 };
const bd = (id: number): TxnOp => ({
  op: "blockwrite",
  address: 0x1d000 + 32 * id,
  words: [16, 0x1234_5679, 0xabcd_ef01, 3, 4, 5, 6, 7],
});
const patch = (id: number, argIndex: number, argPlus = 0): TxnOp => ({
  op: "addressPatch",
  address: 0x1d004 + 32 * id,
  argIndex,
  argPlus,
});
const insts = (...ops: TxnOp[]): Uint8Array => encodeTxn({ ...header, ops });
const pdis = [{ id: 1, bytes: Uint8Array.of(1, 2, 3, 4) }];
const loadPdi: TxnOp = { op: "loadPdi", id: 1, bytes: 0, address: 0n };

test("a stream's ELF has the stream, its BD's 46 address bits zero, and a patch by kernel argument", () => {
  const elf = readControlElf(writeInstsElf(insts(bd(0), patch(0, 2, 64), bd(1), patch(1, 0))));

  expect(elf).toMatchObject({ kind: "instructions", abiVersion: 2, columns: undefined, pdis: [] });
  const [code] = elf.codes;
  expect(code?.patches).toEqual([
    { symbol: "5", form: "shim-bd", offset: 32, addend: 64, sizeBytes: 64 },
    { symbol: "3", form: "shim-bd", offset: 32 + 48 + 48, addend: 0, sizeBytes: 64 },
  ]);
  expect(patchedArguments(code!)).toEqual([3, 5]);
  const ops = decodeTxn(code!.text).ops;
  expect(ops[0]).toMatchObject({ words: [16, 1, 0xabcd_0000, 3, 4, 5, 6, 7] });
  expect(ops[1]).toEqual(patch(0, 2, 64));
});

test("streams of version 1.0 have their BDs 12 bytes into the record", () => {
  const short = encodeTxn({ ...header, major: 1, minor: 0, ops: [bd(0), patch(0, 0)] });

  expect(readControlElf(writeInstsElf(short)).codes[0]?.patches[0]?.offset).toBe(16 + 12);
});

test("of a block of several BDs each is found", () => {
  const block = bd(0) as TxnOp & { readonly op: "blockwrite" };
  const both = insts({ ...block, words: [...block.words, ...block.words] }, patch(1, 0));

  expect(readControlElf(writeInstsElf(both)).codes[0]?.patches[0]?.offset).toBe(32 + 32);
});

test("the 0x80000000 that compilers fold into the sixth buffer's offset is taken out: XRT adds it", () => {
  const elf = readControlElf(writeInstsElf(insts(bd(0), patch(0, 5, 0x80000040), bd(1), patch(1, 4, 0x80000040))));

  expect(elf.codes[0]?.patches.map(({ addend }) => addend)).toEqual([0x40, 0x80000040]);
});

test.each([
  ["a BD that was not written", [patch(0, 0)], /operation 0: .*expected the address of a shim BD/],
  [
    "a memtile's BD",
    [{ ...bd(0), address: 0x1a0000 } as TxnOp, { ...patch(0, 0), address: 0x1a0004 } as TxnOp],
    /shim BD/,
  ],
  ["a length", [bd(0), { ...patch(0, 0), address: 0x1d000 } as TxnOp], /shim BD/],
  ["a BD twice", [bd(0), patch(0, 0), patch(0, 0, 64)], /operation 2: .*patched by operation 1 already/],
  ["a BD by half", [{ ...bd(0), words: [1, 2, 3] } as TxnOp, patch(0, 0)], /shim BD/],
  ["buffer 32", [bd(0), patch(0, 32)], /expected a buffer below 32/],
  ["an offset of 4 GiB", [bd(0), patch(0, 0, 2 ** 32)], /32 bits/],
  ["a PDI beside an xclbin", [loadPdi], /loads PDIs/],
])("a stream that patches %s has no ELF", (_what, ops, message) => {
  expect(() => writeInstsElf(insts(...ops))).toThrow(message);
});

test("a BD that is written anew may be patched anew", () => {
  const elf = readControlElf(writeInstsElf(insts(bd(0), patch(0, 0), bd(0), patch(0, 0, 64))));

  expect(elf.codes[0]?.patches.map(({ addend }) => addend)).toEqual([0, 64]);
});

test("a full ELF has a kernel, an instance for each stream, columns and PDIs", () => {
  const bytes = writeFullElf({
    kernel: "main",
    argCount: 3,
    pdis,
    instances: [
      { name: "s", insts: insts(loadPdi, bd(0), patch(0, 2)) },
      { name: "a", insts: insts(loadPdi, bd(1), patch(1, 0, 4)) },
    ],
  });
  const elf = readControlElf(bytes);

  expect(elf).toMatchObject({ kind: "full", columns: 1, abiVersion: 0x21 });
  expect(elf.pdis).toEqual([{ name: ".pdi.1", bytes: pdis[0]!.bytes }]);
  expect(elf.codes.map(({ kernel, instance, argCount }) => [kernel, instance, argCount])).toEqual([
    ["main", "a", 3],
    ["main", "s", 3],
  ]);
  expect(elf.codes[1]?.patches).toEqual([
    { symbol: ".pdi.1", form: "address", offset: 24, addend: 0, sizeBytes: 0 },
    { symbol: "2", form: "shim-bd", offset: 48, addend: 0, sizeBytes: 64 },
  ]);
});

test.each([
  ["a buffer that the kernel lacks", { argCount: 2, insts: insts(bd(0), patch(0, 2)) }, /uses bo2, kernel main has 2/],
  ["a PDI that is not there", { argCount: 1, insts: insts({ ...loadPdi, id: 7 }) }, /loads \.pdi\.7/],
])("a full ELF is refused for %s", (_what, { argCount, insts: stream }, message) => {
  const instances = [{ name: "s", insts: stream }];

  expect(() => writeFullElf({ kernel: "main", argCount, pdis, instances })).toThrow(message);
});

test("two instances of one name are refused: XRT would keep one of them", () => {
  const twice = [1, 2].map((length) => ({ name: "s", insts: insts(...Array(length).fill({ op: "noop" })) }));

  const bytes = writeFullElf({ kernel: "k", argCount: 1, pdis, instances: twice });

  expect(() => readControlElf(bytes)).toThrow(/got two of k:s/);
});

test("streams of different widths make no full ELF", () => {
  const wide = encodeTxn({ ...header, cols: 4, ops: [] });
  const instances = [
    { name: "a", insts: insts() },
    { name: "b", insts: wide },
  ];

  expect(() => writeFullElf({ kernel: "k", argCount: 1, pdis, instances })).toThrow(/b: it is for 4 columns, a for 1/);
});

// Offsets of the file that the first test's stream makes: section headers last, tables before them.
const file = writeInstsElf(insts(bd(0), patch(0, 0)));
const view = new DataView(file.buffer);
const sectionHeaders = view.getUint32(32, true);
const sectionAt = (index: number) => view.getUint32(sectionHeaders + 40 * index + 16, true);
const [dynamicStrings, dynamicSymbols, relocations] = [sectionAt(3), sectionAt(4), sectionAt(5)];

test.each<[string, (damaged: DataView) => void, RegExp]>([
  ["another platform", (v) => v.setUint8(7, 75), /EI_OSABI: expected 69 \(npu1 and npu2\), got 75 \(AIE4\)/],
  ["relocations of ABI version 1", (v) => v.setUint8(8, 1), /EI_ABIVERSION/],
  ["the version of a full ELF", (v) => v.setUint8(8, 0x21), /EI_ABIVERSION: expected below 16, got 33/],
  [
    "a relocation behind the code",
    (v) => v.setUint32(relocations, 1000, true),
    /\.ctrltext: relocation of 3: .* got 1000/,
  ],
  ["a relocation that begins in the last word", (v) => v.setUint32(relocations, 108, true), /up to 100, got 108/],
  ["a relocation between words", (v) => v.setUint32(relocations, 33, true), /multiple of 4/],
  ["a symbol that is not there", (v) => v.setUint32(relocations + 4, 0x905, true), /expected a symbol below 2, got 9/],
  ["another kind of relocation", (v) => v.setUint32(relocations + 4, 0x104, true), /type: expected 5 .*, got 4/],
  ["a name outside its strings", (v) => v.setUint32(dynamicSymbols + 16, 99, true), /name below 3/],
  ["a name that does not end", (v) => v.setUint8(dynamicStrings + 2, 0x33), /a name that ends/],
  ["a symbol that is no number", (v) => v.setUint8(dynamicStrings + 1, 0x61), /symbol 'a': expected the number/],
  [
    "the instruction buffer as argument",
    (v) => v.setUint8(dynamicStrings + 1, 0x31),
    /expected the number .* 3 to 255/,
  ],
  ["a symbol of another section", (v) => v.setUint16(dynamicSymbols + 16 + 14, 3, true), /a section of control code/],
  ["half a relocation", (v) => v.setUint32(sectionHeaders + 40 * 5 + 20, 10, true), /entries of 12 bytes/],
  [
    "code of no bytes",
    (v) => v.setUint32(sectionHeaders + 40 * 2 + 20, 0, true),
    /expected instructions, got no bytes/,
  ],
])("an ELF with %s is refused by name", (_what, damage, message) => {
  const damaged = file.slice();
  damage(new DataView(damaged.buffer));

  expect(() => readControlElf(damaged, "insts.elf")).toThrow(message);
});

test("two relocations of one place are refused: XRT would add both", () => {
  const two = writeInstsElf(insts(bd(0), patch(0, 0), bd(1), patch(1, 0)));
  const v = new DataView(two.buffer);
  const at = v.getUint32(v.getUint32(32, true) + 40 * 5 + 16, true);
  v.setUint32(at + 12, v.getUint32(at, true), true);

  expect(() => readControlElf(two)).toThrow(/two relocations at 32/);
});

test("a note without bytes that says it lies behind the file is refused at a place in the file", () => {
  const bytes = writeInstsElf(insts(bd(0), patch(0, 0)));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [headers, size, count] = [view.getUint32(32, true), view.getUint16(46, true), view.getUint16(48, true)];
  const notes = Array.from({ length: count }, (_, i) => headers + i * size).filter(
    (at) => view.getUint32(at + 4, true) === 7,
  );
  expect(notes.length).toBeGreaterThan(0);
  const noBits = 8;
  for (const at of notes) {
    view.setUint32(at + 4, noBits, true);
    view.setUint32(at + 16, 1 << 20, true);
  }

  const refusal = () => readControlElf(bytes, "x.elf");

  expect(refusal).toThrow("header of the note: expected 12 bytes at 0, section has 0");
  expect(refusal).toThrow(expect.objectContaining({ offset: bytes.length }));
});
