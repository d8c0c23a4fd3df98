import { FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { printModule } from "../printer/module.ts";
import { verify } from "../verifier/verify.ts";
import { parseModule } from "./module.ts";

const object = "!aie.objectfifo<memref<64xi32>>";
const device = (text: string): string => `module {
  aie.device(npu1_1col) {
    %s = aie.tile(0, 0)
    %m = aie.tile(0, 1)
    %a = aie.tile(0, 2)
    %b = aie.tile(0, 3)
${text}
  }
}`;
const inOut = `    aie.objectfifo @in(%s, {%m}, 2 : i32) : ${object}
    aie.objectfifo @l(%m, {%a}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @r(%m, {%b}, 2 : i32) : !aie.objectfifo<memref<32xi32>>`;

/** What was written in another way before: text of 2025, and what it is written as. */
const renamed: readonly (readonly [title: string, before: string, now: string])[] = [
  [
    "the runtime sequence moved to the aie dialect (November 2025)",
    "aiex.runtime_sequence @go(%x: memref<64xi32>) {}",
    "aie.runtime_sequence @go(%x: memref<64xi32>) {}",
  ],
  [
    "a runtime sequence without a name is @sequence",
    "aiex.runtime_sequence(%x: memref<64xi32>) {}",
    "aie.runtime_sequence(%x: memref<64xi32>) {}",
  ],
  [
    "an allocation names a tile where it named a column (December 2025)",
    "aie.shim_dma_allocation @f (MM2S, 1, 0)",
    "aie.shim_dma_allocation @f(%s, MM2S, 1)",
  ],
];

test.each(renamed)("%s: both are read, the newer is written, and it alone is read as 2026", (_title, before, now) => {
  const [older, newer] = [device(before), device(now)];

  expect(printModule(parseModule(older, "older.mlir"))).toBe(printModule(parseModule(newer, "newer.mlir")));
  expect(printModule(parseModule(older, "older.mlir"))).toBe(
    printModule(parseModule(newer, "newer.mlir", { spelling: "2026" })),
  );
  expect(() => parseModule(older, "older.mlir", { spelling: "2026" })).toThrowError(FormatError);
});

/** What came since v1.1, or is in both: read, accepted, and found again in what is written. */
const written: readonly (readonly [title: string, text: string, spelled: string])[] = [
  ["link_with on a function", 'func.func private @k(i32) attributes {link_with = "k.o"}', '{link_with = "k.o"}'],
  ["link_with on a core", '%c = aie.core(%a) { aie.end } {link_with = "k.o"}', '{link_with = "k.o"}'],
  ["iter_count", `aie.objectfifo @f(%m, {%a}, 2 : i32) {iter_count = 4 : i32} : ${object}`, "{iter_count = 4 : i32}"],
  [
    "aie_stream",
    `aie.objectfifo @f(%a, {%b}, 2 : i32) {aie_stream = 0 : i32, aie_stream_port = 0 : i32} : ${object}`,
    "{aie_stream = 0 : i32, aie_stream_port = 0 : i32}",
  ],
  [
    "a layout on the input of a distribute",
    inOut.replace("{%m}", "{%m dimensionsFromStream [<size = 4, stride = 8>, <size = 8, stride = 1>]}") +
      "\n    aie.objectfifo.link [@in] -> [@l, @r] ([] [0, 32])",
    "dimensionsFromStream [<size = 4, stride = 8>, <size = 8, stride = 1>]",
  ],
  ["a trace", 'aie.trace @t(%a) { aie.trace.event <"INSTR_EVENT_0"> }', 'aie.trace.event <"INSTR_EVENT_0">'],
  ["a nested symbol as metadata", nested("@other::@in"), "metadata = @other::@in"],
  [
    "a BD on a memref without a rank",
    "aie.bd_chain @c(%x: memref<*xi32>) { aie.dma_bd(%x : memref<*xi32>, 0, 16)\n aie.end }",
    "aie.dma_bd(%arg0 : memref<*xi32>, 0, 16)",
  ],
  [
    "a PDI that is loaded",
    "aie.runtime_sequence() { aiex.npu.load_pdi {id = 1 : i32} }",
    "aiex.npu.load_pdi {id = 1 : i32}",
  ],
];

test.each(written)("%s is read, accepted and written", (_title, text, spelled) => {
  const module = parseModule(device(text), "written.mlir", { spelling: "2026" });

  expect(verify(module).filter(({ severity }) => severity === "error")).toEqual([]);
  expect(printModule(module)).toContain(spelled);
});

test("tiles left to a placer are read and written, but not as text of March 2026", () => {
  const text = device("%l = aie.logical_tile<CoreTile>(?, 3)\n%n = aie.logical_tile<MemTile>(0, ?)");
  const module = parseModule(text, "logical.mlir");

  expect(verify(module).filter(({ severity }) => severity === "error")).toEqual([]);
  expect(printModule(module)).toContain("%logical_core = aie.logical_tile<CoreTile>(?, 3)");
  expect(printModule(module)).toContain("%logical_mem = aie.logical_tile<MemTile>(0, ?)");
  expect(() => parseModule(text, "logical.mlir", { spelling: "2026" })).toThrowError(FormatError);
});

test("a trace of a tile left to a placer is accepted; one of what is no tile is not", () => {
  const trace = (tile: string) =>
    device(`%l = aie.logical_tile<MemTile>(?, ?)
    %x = arith.constant 0 : index
    aie.trace @t(${tile}) {
      aie.trace.packet id = 1 type = memtile
      aie.trace.port<0> port = DMA channel = 5 direction = S2MM
      aie.trace.event <"PORT_RUNNING_0">
      aie.trace.start broadcast = 15
      aie.trace.stop broadcast = 14
    }`);
  const found = (tile: string) => verify(parseModule(trace(tile), "logical.mlir")).map(({ message }) => message);

  expect(found("%l")).toEqual([]);
  expect(found("%m")).toEqual([]);
  expect(found("%x")).toContain("tile operand must be a TileOp");
});

test("a device without a name is @main, and is written without it", () => {
  const module = parseModule("module { aie.device(npu2) @main { } }", "named.mlir");

  expect(printModule(module)).toContain("aie.device(npu2) {");
});

test("the five-column npu1_4col of before June 2025 is refused, with the devices there are", () => {
  expect(() => parseModule("module { aie.device(npu1_4col) { } }", "old.mlir")).toThrowError(
    expect.objectContaining({
      message: expect.stringMatching(/npu1, npu1_1col/),
      hint: "the whole array is called npu1",
    }),
  );
});

function nested(symbol: string): string {
  return `aie.runtime_sequence(%x: memref<64xi32>) {
      aiex.npu.dma_memcpy_nd(%x[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = 0 : i64, metadata = ${symbol}} : memref<64xi32>
    }`;
}
