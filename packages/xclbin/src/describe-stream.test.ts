import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { describeStream, streamLines } from "./describe-stream.ts";
import { type LegacyOp, legacyProlog, legacyWords, readLegacyStream } from "./legacy-stream.ts";
import { fixture, optionalData } from "./optional-data.test-support.ts";
import { encodeTxn } from "./txn.ts";

const lines = (bytes: Uint8Array, name: string) => streamLines(describeStream(bytes, name));
const words = (list: readonly number[]) => new Uint8Array(Uint32Array.from(list).buffer);

// The fields are those of the aiex.npu.writebd in mlir/fixtures/conformance/sequence-writebd.mlir; strides and the
// iteration's size are written minus one there.
test("a BD that aie-translate encoded is told with the fields of its writebd", () => {
  expect(lines(fixture("insts/sequence-writebd.insts.bin"), "a.bin").slice(2)).toEqual([
    "  0  blockwrite    tile (0,0) noc DMA_BD1 = 8 words",
    "       DMA_BD1: 512 words at + 64 B, sizes [8, 4] strides [1, 16, 64] words, iteration 4 x 256 words, next BD 5, packet type 3 id 9",
  ]);
});

test("trace set up by aie-translate is told by the registers' names", () => {
  const text = lines(fixture("insts/trace-core-events.insts.bin"), "a.bin").join("\n");

  expect(text).toMatch(/tile \(0,2\) core Trace_Control1 = 0x\w+: ID \d+, Packet_Type 0/);
  expect(text).toMatch(/tile \(0,2\) core Trace_Event0 = 0x/);
});

test("the offset that mlir-aie 1.4 adds for the sixth buffer is told apart from the buffer's own", () => {
  const ops = [{ op: "addressPatch", address: 0x1d004, argIndex: 5, argPlus: 0x80000040 }] as const;
  const bytes = encodeTxn({ major: 0, minor: 1, deviceGeneration: 4, rows: 6, cols: 8, memtileRows: 1, ops });

  expect(lines(bytes, "a.bin")[2]).toBe(
    "  0  addressPatch  tile (0,0) noc DMA_BD0 word 1 = address of bo5 + 64 bytes + 0x80000000",
  );
});

test("version 1.0 records are told by the same names", () => {
  const ops = [{ op: "write32", address: 0x1d214, value: 0x80000003 }] as const;
  const bytes = encodeTxn({ major: 1, minor: 0, deviceGeneration: 4, rows: 6, cols: 8, memtileRows: 1, ops });

  expect(lines(bytes, "a.bin")).toEqual([
    "a.bin: TXN 1.0, device generation 4 (npu2), 8 column(s), 6 rows, 1 of mem tiles",
    "1 operations, 28 bytes",
    "  0  write32       tile (0,0) noc DMA_MM2S_0_Task_Queue = 0x80000003: start BD 3, token",
  ]);
});

test("real streams are told to their end, every blockwrite of a shim as a BD", ({ skip }) => {
  const { files, skipReason } = optionalData("insts");
  skip(skipReason !== undefined, skipReason);
  for (const path of files) {
    const stream = describeStream(new Uint8Array(readFileSync(path)), basename(path));

    expect(stream, path).toMatchObject({ problems: [], uninterpretedBytes: 0 });
    const blocks = stream.operations.filter(({ op }) => op === "blockwrite");
    expect(
      blocks.every(({ bds }) => bds?.length === 1),
      path,
    ).toBe(true);
  }
});

// Record layouts of mlir-aie's AIETargetIPU of 2023: the words are those of its own test of writebd_shimtile.
const olderOps: readonly LegacyOp[] = [
  {
    ...{ op: "writeBd", col: 3, cols: 4, buffer: 10, bd: 6, addressIncrement: 0 },
    words: [1, 2, 0, 0x00600005, 0x80800007, 9, 0x2cd0000c, 0x2e107041],
  },
  { op: "write32", col: 1, row: 0, address: 0x1d204, value: 0x80000001 },
  { op: "sync", col: 1, row: 0, direction: 1, channel: 2, cols: 3, rows: 4 },
];
const olderWords = [
  ...[0x060304a6, 0, 1, 2, 0, 0x00600005, 0x80800007, 9, 0x2cd0000c, 0x2e107041],
  ...[0x02010000, 0x1d204, 0x80000001],
  ...[0x03010001, 0x02030400],
];

test("the older kind's records are those that mlir-aie of 2023 wrote, in both directions", () => {
  const stream = readLegacyStream(words([...legacyProlog, ...olderWords]));

  expect(stream.ops).toEqual(olderOps);
  expect(stream.offsets).toEqual([68, 108, 120]);
  expect(legacyWords({ prolog: legacyProlog, ops: olderOps, offsets: [], rest: undefined })).toEqual([
    ...legacyProlog,
    ...olderWords,
  ]);
});

test("the older kind's BD is told with its fields and the buffer that it is in", () => {
  expect(lines(words([...legacyProlog, ...olderWords]), "old.bin").slice(2, 4)).toEqual([
    "  0  writeBd       tile (3,0) noc DMA_BD6 in buffer 10 of the call, 4 column(s)",
    "       DMA_BD6: 1 words at + 2 B, sizes [6, 8] strides [6, 8, 10] words, iteration 14 x 13 words at 11, acquire lock 1 = 2, release lock 3 by 4, next BD 5, burst code 2",
  ]);
});

test.each([
  [
    "an unknown operation",
    [0x09000000, 1],
    "op 0 at byte 68: expected operation 2 (write32), 3 (sync) or 6 (writeBd), got 9",
  ],
  ["a record cut off", [0x02000000, 1], "op 0 at byte 68: write32: record of 12 bytes, only 8 left"],
  ["reserved bits", [0x02000001, 1, 1], "op 0 at byte 68: write32: reserved bits of word 0 or 1 are in use"],
])("the older kind with %s keeps the words from there on, with the reason", (_, more, why) => {
  const { rest, ops } = readLegacyStream(words([...legacyProlog, ...more]), "old.bin");

  expect(ops).toEqual([]);
  expect(rest).toMatchObject({ offset: 68, words: more });
  expect(rest?.why.message).toBe(`old.bin: ${why}`);
});

test("a prolog that is cut off is refused", () => {
  expect(() => readLegacyStream(words(legacyProlog.slice(0, 9)))).toThrow(FormatError);
});
