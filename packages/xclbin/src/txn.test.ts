import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { AiekitError, FormatError } from "@aiekit/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fixture, optionalData } from "./optional-data.test-support.ts";
import { decodeTxn, encodeTxn, type TxnOp, type TxnStream } from "./txn.ts";

const toolStreams = readdirSync(new URL("../fixtures/insts", import.meta.url));
const npu1 = { major: 0, minor: 1, deviceGeneration: 3, rows: 6, cols: 1, memtileRows: 1 } as const;
const real = optionalData("insts");

test.each(toolStreams)(
  "aie-translate's stream %s is decoded and encoded again word for word, nothing left uninterpreted",
  (file) => {
    const bytes = fixture(`insts/${file}`);

    const stream = decodeTxn(bytes, file);

    expect(encodeTxn(stream)).toEqual(bytes);
    expect(stream.ops.filter(({ op }) => op === "other")).toEqual([]);
  },
);

// The operations below are those of the sequence's text, written out by hand with column<<25 added.
test("writes, masks and a sync are decoded to the operations of the runtime sequence they were made from", () => {
  const stream = decodeTxn(fixture("insts/sequence-writes-masks-syncs.insts.bin"));

  expect(stream).toEqual({
    ...npu1,
    cols: 2,
    ops: [
      { op: "write32", address: 119300, value: 4294967295 },
      { op: "write32", address: 2 ** 25 + 119316, value: 3 },
      { op: "write32", address: 35653680, value: 42 },
      { op: "maskwrite32", address: 119296, value: 256, mask: 3840 },
      { op: "maskwrite32", address: 35782656, value: 17, mask: 255 },
      { op: "sync", direction: 1, col: 0, row: 0, channel: 1, cols: 2, rows: 1 },
    ],
  });
});

test("a stream that loads another device's configuration holds the load", () => {
  const { ops } = decodeTxn(fixture("insts/configure-and-run-other-device.main.all.insts.bin"));

  expect(ops.some(({ op }) => op === "loadPdi")).toBe(true);
});

test("streams of other projects come back word for word", ({ skip }) => {
  skip(real.skipReason !== undefined, real.skipReason);

  for (const path of real.files) {
    const bytes = new Uint8Array(readFileSync(path));
    const isText = path.endsWith(".txt");
    const words = isText ? hexWords(new TextDecoder().decode(bytes)) : bytes;

    const stream = decodeTxn(bytes, basename(path));

    expect(encodeTxn(stream), path).toEqual(words);
    expect(
      stream.ops.every(({ op }) => op !== "other"),
      path,
    ).toBe(true);
  }
});

test("records are laid out as aie-rt reads them", () => {
  const ops: TxnOp[] = [
    { op: "blockwrite", address: 0x1d000, words: [7, 8], col: 3, row: 2 },
    { op: "addressPatch", address: 0x1d004, argIndex: 2, argPlus: 0x180000040 },
    { op: "maskpoll32", address: 0x10, value: 1, mask: 3 },
    { op: "preempt", level: 2 },
    { op: "noop" },
    { op: "loadPdi", id: 5, bytes: 64, address: 0x100000002n },
    { op: "sync", direction: 0, col: 1, row: 2, channel: 3, cols: 4, rows: 5 },
  ];

  const words = wordsOf(encodeTxn({ ...npu1, ops }));

  expect(words).toEqual([
    ...[0x06030100, 0x00000101, 7, 4 * 39],
    ...[1, 0x203, 0x1d000, 24, 7, 8],
    ...[0x81, 48, 0, 0, 0, 0, 0x1d004, 0, 2, 0, 0x80000040, 1],
    ...[4, 0, 0x10, 0, 1, 3, 28],
    ...[0x206, 5, 0x50008, 64, 2, 1],
    ...[0x80, 16, 0x00010200, 0x03040500],
  ]);
});

test("version 1.0 has shorter records", () => {
  const ops: TxnOp[] = [
    { op: "write32", address: 4, value: 9 },
    { op: "maskwrite32", address: 4, value: 9, mask: 15 },
    { op: "blockwrite", address: 8, words: [1] },
    { op: "addressPatch", address: 0x1d004, argIndex: 1, argPlus: 64 },
  ];

  const bytes = encodeTxn({ ...npu1, major: 1, minor: 0, ops });

  expect(wordsOf(bytes).slice(4)).toEqual([0, 4, 9, 3, 4, 9, 15, 1, 8, 16, 1, 0x81, 24, 0x1d004, 1, 64, 0]);
  expect(decodeTxn(bytes).ops).toEqual(ops);
});

test("text of one hexadecimal word a line is told from binary by its content", () => {
  const binary = encodeTxn({ ...npu1, ops: [{ op: "write32", address: 0x1d204, value: 0x80000001 }] });
  const text = wordsOf(binary)
    .map((word) => word.toString(16).padStart(8, "0").toUpperCase())
    .join("\r\n");

  expect(decodeTxn(new TextEncoder().encode(text))).toEqual(decodeTxn(binary));
});

test("operations that have no meaning here are kept word for word", () => {
  const timer = [0x83, 12, 77];
  const writeWithTile = [0, 0x0102, 0x1d204, 0, 1, 24];
  const bytes = streamOf([...timer, ...writeWithTile], 2);

  const stream = decodeTxn(bytes);

  expect(stream.ops).toEqual([
    { op: "other", code: 0x83, words: timer },
    { op: "other", code: 0, words: writeWithTile },
  ]);
  expect(encodeTxn(stream)).toEqual(bytes);
});

test.each([
  ["a record cut off", streamOf([5, 0, 0, 4, 0], 2), "op 1 (WRITE32) at byte 20: record of 24 bytes, only 16 left", 20],
  ["an unknown code", streamOf([5, 0x7f], 2), "op 1 at byte 20: expected a TXN operation", 20],
  [
    "a block that claims 4 GB",
    streamOf([1, 0, 0, 0xfffffffc], 1),
    "op 0 (BLOCKWRITE) at byte 16: record of 4294967292 bytes",
    16,
  ],
  [
    "a custom op of size 0",
    streamOf([0x81, 0, 0], 1),
    "op 0 (DDR_PATCH) at byte 16: expected a size of 8 bytes or more",
    20,
  ],
  ["a wrong count", streamOf([5, 5], 3), "header: 3 operations declared, found 2", 8],
  ["a wrong version", streamOf([5], 1, 0x06030200), "header: expected TXN version 0.1 or 1.0, got 0.2", 0],
  [
    "bytes behind the stream",
    new Uint8Array([...streamOf([5], 1), 0, 0, 0, 0]),
    "stream of 20 bytes declared, file holds 24",
    12,
  ],
  ["half a word", streamOf([5], 1).slice(0, 18), "expected whole 32-bit words, got 18 bytes", 16],
  ["half a header", streamOf([5], 1).slice(0, 12), "expected a header of 16 bytes, got 12", 0],
  ["the format of before June 2024", wordsToBytes([0x11, 0x01000405]), "the format of before June 2024", 0],
  ["a Git LFS pointer", ascii("version https://git-lfs.github.com/spec/v1\n"), "got a Git LFS pointer", 0],
  ["an ELF", ascii("\x7fELF\x01\x01\x01\0"), "got an ELF file", 0],
  ["no bytes", new Uint8Array(), "got an empty file", 0],
  [
    "text with a bad word",
    ascii("06030100\n00000101\n00000xyz\n"),
    'line 3: expected a 32-bit word of 8 hex digits, got "00000xyz"',
    18,
  ],
])("%s is refused with the byte offset", (_, bytes, message, offset) => {
  const error = caught(() => decodeTxn(bytes, "insts.bin"));

  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).message).toMatch(/^insts\.bin: /);
  expect((error as FormatError).message).toContain(message);
  expect((error as FormatError).offset).toBe(offset);
});

test("a field that does not fit its place is refused when encoding", () => {
  const sync: TxnOp = { op: "sync", direction: 0, col: 256, row: 0, channel: 0, cols: 1, rows: 1 };

  expect(() => encodeTxn({ ...npu1, ops: [{ op: "noop" }, sync] })).toThrow(
    "op 1 (sync): col: expected 0 to 255, got 256",
  );
});

test("any stream survives encode and decode", () => {
  fc.assert(
    fc.property(fc.array(anyOp, { maxLength: 20 }), (ops) => {
      const stream: TxnStream = { ...npu1, ops };
      expect(decodeTxn(encodeTxn(stream))).toEqual(stream);
    }),
    { seed: 1, numRuns: 200 },
  );
});

test("damaged streams are read or refused with a FormatError, never anything else", () => {
  const whole = fixture("insts/matmul-16-cores-i16-npu1.insts.bin");
  fc.assert(
    fc.property(
      fc.nat(whole.length),
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }),
      (length, flips) => {
        const damaged = whole.slice();
        for (const [at, value] of flips) damaged[at] = value;
        const error = caught(() => decodeTxn(damaged.subarray(0, length)));
        expect(error === undefined || error instanceof AiekitError).toBe(true);
      },
    ),
    { seed: 2, numRuns: 500 },
  );
});

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const byte = fc.nat(255);
const anyOp: fc.Arbitrary<TxnOp> = fc.oneof(
  fc.record({ op: fc.constant("write32" as const), address: u32, value: u32 }),
  fc.record({ op: fc.constant("maskwrite32" as const), address: u32, value: u32, mask: u32 }),
  fc.record({ op: fc.constant("maskpoll32" as const), address: u32, value: u32, mask: u32 }),
  fc.record({ op: fc.constant("blockwrite" as const), address: u32, words: fc.array(u32, { maxLength: 9 }) }),
  fc.record({
    op: fc.constant("sync" as const),
    direction: fc.constantFrom(0 as const, 1 as const),
    ...{ col: byte, row: byte, channel: byte, cols: byte, rows: byte },
  }),
  fc.record({ op: fc.constant("addressPatch" as const), address: u32, argIndex: u32, argPlus: fc.nat(2 ** 40) }),
  fc.record({ op: fc.constant("preempt" as const), level: byte }),
);

function streamOf(words: readonly number[], opCount: number, firstWord = 0x06030100): Uint8Array {
  return wordsToBytes([firstWord, 0x101, opCount, 16 + words.length * 4, ...words]);
}

function wordsToBytes(words: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(words.length * 4));
  words.forEach((word, i) => {
    view.setUint32(i * 4, word, true);
  });
  return new Uint8Array(view.buffer);
}

function wordsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}

function hexWords(text: string): Uint8Array {
  return wordsToBytes(
    text
      .trim()
      .split(/\s+/)
      .map((word) => Number.parseInt(word, 16)),
  );
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
