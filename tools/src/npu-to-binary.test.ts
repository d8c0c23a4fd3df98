import { readFileSync } from "node:fs";
import { AiekitError } from "@aiekit/core";
import { lowerDesign, parseModule } from "@aiekit/mlir";
import { decodeTxn } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { npuToBinary } from "./npu-to-binary.ts";

interface Stream {
  readonly name: string;
  readonly shows: readonly string[];
  readonly device: string;
  readonly sequence: string;
  readonly file: string;
}

const folder = new URL("../../mlir/fixtures/conformance/", import.meta.url);
const text = (file: string) => readFileSync(new URL(file, folder), "utf8");

const { designs } = JSON.parse(text("index.json")) as {
  designs: { name: string; shows: string[]; stages: string[]; rejectedAt: string | null }[];
};

/** Streams that aie-translate wrote, for every runtime sequence of every design that the real tools accept. */
const streams = designs
  .filter((d) => d.rejectedAt === null && d.stages.includes("insts"))
  .flatMap(({ name, shows }) => {
    const { stages } = JSON.parse(text(`${name}.json`)) as {
      stages: { insts: { sequences: Omit<Stream, "name" | "shows">[] } };
    };
    return stages.insts.sequences.map((s): Stream => ({ name, shows, ...s }));
  });

/** Trace set-up is kept as operations of its own, for tools that understand it, and not turned into register writes. */
const withoutTrace = streams.filter((s) => !s.shows.includes("trace"));

/** That compiler moved buffers whose address is given; where a stream writes to one, it has the moved address. */
const fromOwnAddresses = withoutTrace.filter((s) => !s.shows.includes("quirk-address-moved"));

test.each(fromOwnAddresses)("$name @$sequence: our lowering gives the words of aie-translate", (stream) => {
  const expected = new Uint8Array(readFileSync(new URL(stream.file, folder)));
  const { module } = lowerDesign(parseModule(text(`${stream.name}.mlir`), stream.name));

  const bytes = npuToBinary(module, stream.sequence, { device: stream.device });

  expect(words(bytes)).toEqual(words(expected));
});

test.each(withoutTrace)("$name @$sequence: the real lowering's module gives the words of aie-translate", (stream) => {
  const expected = new Uint8Array(readFileSync(new URL(stream.file, folder)));
  const module = parseModule(text(`${stream.name}.addresses.mlir`), stream.name);

  const bytes = npuToBinary(module, stream.sequence, { device: stream.device });

  expect(words(bytes)).toEqual(words(expected));
});

test.each(designs.filter((d) => d.rejectedAt === "insts" && d.name !== "reject-bd-chain-symbol-two-uses"))(
  "$name: its sequence is refused, as by the real tools",
  ({ name }) => {
    const { module } = lowerDesign(parseModule(text(`${name}.mlir`), name));

    expect(() => npuToBinary(module, "sequence")).toThrow(AiekitError);
  },
);

test("a BD chain that is named twice becomes two tasks; the compiler of the fixtures refused any use by name", () => {
  const name = "reject-bd-chain-symbol-two-uses";
  const { module } = lowerDesign(parseModule(text(`${name}.mlir`), name));

  const { ops } = decodeTxn(npuToBinary(module, "sequence"));

  const words = ops.flatMap((op) => (op.op === "blockwrite" ? [op.words] : []));
  // Two chains of two BDs: 32 words from word 32, then 32 words from word 0; the first of each leads to the second.
  expect(words.map((w) => [w[0], w[1]])).toEqual([
    [32, 128],
    [32, 0],
    [32, 128],
    [32, 0],
  ]);
  expect(words.map((w) => ((w[7] ?? 0) >>> 26) & 1)).toEqual([1, 0, 1, 0]);
  expect(ops.flatMap((op) => (op.op === "addressPatch" ? [[op.argIndex, op.argPlus]] : []))).toEqual([
    [0, 128],
    [0, 0],
    [1, 128],
    [1, 0],
  ]);
});

test("a blockwrite sends the constant's words, and its column and row beside the address", () => {
  const module = (element: string, values: string) =>
    parseModule(
      `module { aie.device(npu1_1col) {
  memref.global "private" constant @data : memref<2x${element}> = dense<${values}>
  aie.runtime_sequence @run() {
    %d = memref.get_global @data : memref<2x${element}>
    aiex.npu.blockwrite(%d) {address = 64 : ui32, column = 0 : i32, row = 2 : i32} : memref<2x${element}>
  }
} }`,
      "blockwrite.mlir",
    );

  const { ops } = decodeTxn(npuToBinary(module("i32", "[7, -1]"), "run"));

  expect(ops).toEqual([{ op: "blockwrite", address: 0x200040, words: [7, 0xffffffff], col: 0, row: 2 }]);
  expect(() => npuToBinary(module("i64", "[7, 8]"), "run")).toThrow("expected 32-bit integers in @data");
});

test("an unknown sequence is an error that names those there are", () => {
  const { module } = lowerDesign(parseModule(text("two-sequences.mlir"), "two-sequences.mlir"));

  expect(() => npuToBinary(module, "missing")).toThrow(expect.objectContaining({ hint: "sequences: forward, twice" }));
});

test("the header counts npu2's generation as 4 and its columns as the partition's", () => {
  const { module } = lowerDesign(parseModule(text("columns-npu2-5col-4.mlir"), "columns-npu2-5col-4.mlir"));

  const { deviceGeneration, cols, rows, memtileRows } = decodeTxn(npuToBinary(module, "sequence"));

  expect({ deviceGeneration, cols, rows, memtileRows }).toEqual({
    deviceGeneration: 4,
    cols: 5,
    rows: 6,
    memtileRows: 1,
  });
});

function words(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true).toString(16));
}
