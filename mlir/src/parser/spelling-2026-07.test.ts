import { FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { lowerDesign } from "../lowering/lower-design.ts";
import { printGenericModule } from "../printer/generic.ts";
import { printModule } from "../printer/module.ts";
import { verify } from "../verifier/verify.ts";
import { parseModule } from "./module.ts";

const device = (text: string): string => `module {
  aie.device(npu1_1col) {
    %s = aie.tile(0, 0)
    %m = aie.tile(0, 1)
    %a = aie.tile(0, 2)
    %l = aie.lock(%a, 0) {init = 1 : i32}
    %b = aie.buffer(%a) {sym_name = "rtp"} : memref<64xi32>
    %big = aie.buffer(%m) : memref<64xi32>
${text}
  }
}`;
const sequence = (text: string): string => device(`aie.runtime_sequence(%x: memref<64xi32>) {\n${text}\n}`);
const core = (text: string): string => device(`%c = aie.core(%a) {\n${text}\naie.end\n}`);
const mem = (bd: string, tile = "mem(%a)"): string =>
  device(`%d = aie.${tile} {
    aie.dma_start(MM2S, 0, ^go, ^end)
  ^go:
    ${bd}
    aie.next_bd ^go
  ^end:
    aie.end
  }`);
const numbers = { n7: 7, n2: 2, m1: -1 };
/** A sequence that has the constants it uses. */
const withNumbers = (text: string): string => {
  const used = Object.entries(numbers).filter(([name]) => text.includes(`%${name}`));
  return sequence(`${used.map(([name, value]) => `%${name} = arith.constant ${value} : i32\n`).join("")}${text}`);
};

/** What July 2026 writes in another way, and the same as March 2026 writes it. */
const renamed: readonly (readonly [title: string, later: string, now: string])[] = [
  [
    "a lock's value is an operand",
    core("%v = arith.constant 1 : i32\naie.use_lock(%l, AcquireGreaterEqual, %v)"),
    core("aie.use_lock(%l, AcquireGreaterEqual, 1)"),
  ],
  [
    "a lock's action in quotes, and its blocking",
    core('%v = arith.constant 1 : i32\naie.use_lock(%l, "Release", %v, NonBlocking)'),
    core('aie.use_lock(%l, "Release", 1, NonBlocking)'),
  ],
  [
    "a write to a register",
    withNumbers(`aiex.npu.write32(%n7, %m1) {column = 0 : i32, row = 2 : i32} : i32, i32`),
    sequence("aiex.npu.write32 {address = 7 : ui32, column = 0 : i32, row = 2 : i32, value = 4294967295 : ui32}"),
  ],
  [
    "a write to some bits of a register",
    withNumbers(`aiex.npu.maskwrite32(%n7, %n2, %m1) : i32, i32, i32`),
    sequence("aiex.npu.maskwrite32 {address = 7 : ui32, mask = 4294967295 : ui32, value = 2 : ui32}"),
  ],
  [
    "a wait for a token",
    withNumbers(`aiex.npu.sync(%n7, %n2, %m1, %n2, %n2, %n7) : i32, i32, i32, i32, i32, i32`),
    sequence(
      "aiex.npu.sync {channel = 2 : i32, column = 7 : i32, column_num = 2 : i32, direction = -1 : i32, row = 2 : i32, row_num = 7 : i32}",
    ),
  ],
  ["a parameter", withNumbers(`aiex.npu.rtp_write(@rtp, 3, %m1) : i32`), sequence("aiex.npu.rtp_write(@rtp, 3, -1)")],
  [
    "a push to a queue",
    withNumbers(`aiex.npu.push_queue(0, 0, S2MM : 1) bd_id %n7 repeat %n2 {issue_token = true} : i32, i32`),
    sequence("aiex.npu.push_queue(0, 0, S2MM : 1) {bd_id = 7 : i32, issue_token = true, repeat_count = 2 : i32}"),
  ],
  [
    "a host address",
    withNumbers(`aiex.npu.address_patch(%n7 : i32) {addr = 119300 : ui32, arg_idx = 0 : i32}`),
    sequence("aiex.npu.address_patch {addr = 119300 : ui32, arg_idx = 0 : i32, arg_plus = 7 : i32}"),
  ],
  [
    "a BD's offset and length",
    mem("aie.dma_bd(%b : memref<64xi32> offset = 8 len = 16)"),
    mem("aie.dma_bd(%b : memref<64xi32>, 8, 16)"),
  ],
  [
    "a BD's length alone",
    mem("aie.dma_bd(%b : memref<64xi32> len = 16)"),
    mem("aie.dma_bd(%b : memref<64xi32>, 0, 16)"),
  ],
  [
    "a BD's sizes and strides",
    mem("aie.dma_bd(%b : memref<64xi32> offset = 0 len = 32 sizes = [4, 8] strides = [16, 1]) {bd_id = 3 : i32}"),
    mem("aie.dma_bd(%b : memref<64xi32>, 0, 32, [<size = 4, stride = 16>, <size = 8, stride = 1>]) {bd_id = 3 : i32}"),
  ],
  [
    "a BD's zeros",
    mem(
      "aie.dma_bd(%big : memref<64xi32> offset = 0 len = 11 sizes = [8] strides = [1] pad [<const_pad_before = 2, const_pad_after = 1>])",
      "memtile_dma(%m)",
    ),
    mem(
      "aie.dma_bd(%big : memref<64xi32>, 0, 11, [<size = 8, stride = 1>], [<const_pad_before = 2, const_pad_after = 1>])",
      "memtile_dma(%m)",
    ),
  ],
];

test.each(renamed)(
  "July 2026, %s: read, accepted, written as in March, and refused as text of March",
  (_title, later, now) => {
    const module = parseModule(later, "later.mlir");

    expect(verify(module).filter(({ severity }) => severity === "error")).toEqual([]);
    expect(printModule(module)).toBe(printModule(parseModule(now, "now.mlir", { spelling: "2026" })));
    expect(() => parseModule(later, "later.mlir", { spelling: "2026" })).toThrowError(FormatError);
  },
);

test("July 2026, the generic form: operands that are constants, and a BD's lists", () => {
  const value = '%v = "arith.constant"() <{value = 3 : i32}> : () -> i32\n';
  const lock = '"aie.use_lock"(%l, %v) <{action = 2 : i32}> : (index, i32) -> ()';
  const bd =
    '"aie.dma_bd"(%b) <{operandSegmentSizes = array<i32: 1, 0, 0, 0, 0>, static_len = 32 : i32, static_offset = 8 : i32, static_sizes = array<i64: 4, 8>, static_strides = array<i64: 8, 1>}> : (memref<64xi32>) -> ()';
  const text = core(`${value}${lock}`).replace("aie.end\n}", `aie.end\n}\n%d = aie.mem(%a) { ${bd}\n aie.end }`);
  const now = core("aie.use_lock(%l, AcquireGreaterEqual, 3)").replace(
    "aie.end\n}",
    "aie.end\n}\n%d = aie.mem(%a) { aie.dma_bd(%b : memref<64xi32>, 8, 32, [<size = 4, stride = 8>, <size = 8, stride = 1>])\n aie.end }",
  );

  expect(printGenericModule(parseModule(text, "later.mlir"))).toBe(printGenericModule(parseModule(now, "now.mlir")));
});

test("July 2026: a constant that something else uses stays", () => {
  const text = core("%v = arith.constant 1 : i32\naie.use_lock(%l, Acquire, %v)\n%w = arith.addi %v, %v : i32");

  expect(printModule(parseModule(text, "used.mlir"))).toMatch(/arith\.constant 1 : i32\n.*use_lock\(.*, Acquire, 1\)/);
});

const refused: readonly (readonly [title: string, text: string, message: RegExp])[] = [
  [
    "a lock's value that the core works out",
    core("%v = arith.constant 1 : i32\n%w = arith.addi %v, %v : i32\naie.use_lock(%l, Acquire, %w)"),
    /later\.mlir:12:1: 'aie\.use_lock' op expected value to be an arith\.constant, found %w/,
  ],
  [
    "a length that the sequence gives",
    mem("aie.dma_bd(%b : memref<64xi32> offset = 0 len = %l)"),
    /expected a constant len, found the value %l/,
  ],
  [
    "a stride too few",
    mem("aie.dma_bd(%b : memref<64xi32> sizes = [4, 8] strides = [1])"),
    /expected as many strides as sizes, found 2 sizes and 1 strides/,
  ],
  [
    "a BD that moves on by itself",
    mem("aie.dma_bd(%b : memref<64xi32> len = 8) {iteration = #aie.bd_iteration<size = 4, stride = 8>}"),
    /'aie\.dma_bd' op attribute 'iteration' is not supported/,
  ],
  [
    "a channel that an objectFifo is bound to",
    device("aie.objectfifo @f(%s, {%a}, 2 : i32) {prod_dma_channel = 1 : i32} : !aie.objectfifo<memref<4xi32>>"),
    /'aie\.objectfifo' op attribute 'prod_dma_channel' is not supported/,
  ],
  [
    "traces by another shim tile",
    sequence("aie.trace.host_config {buffer_size = 64 : i32, egress_shim_col = 2 : i32}"),
    /egress_shim_col: expected 0, got 2/,
  ],
];

test.each(refused)("July 2026, refused at its place: %s", (_title, text, message) => {
  expect(() => parseModule(text, "later.mlir")).toThrowError(message);
});

const traced = (config: string): string =>
  device(`aie.trace @second(%a) {
      aie.trace.packet type = core
      aie.trace.event <"INSTR_EVENT_0">
      aie.trace.start broadcast = 15
      aie.trace.stop broadcast = 14
    }
    aie.trace @first(%m) {
      aie.trace.packet type = memtile
      aie.trace.event <"PORT_RUNNING_0">
      aie.trace.start broadcast = 15
      aie.trace.stop broadcast = 14
    }
    aie.runtime_sequence(%x: memref<64xi32>) {
      aie.trace.host_config {${config}}
      aie.trace.start_config @second
      aie.trace.start_config @first
    }`);

test("July 2026: a trace gets an argument behind the others, its packets ids by column and row", () => {
  const text = printModule(parseModule(traced("buffer_size = 8192 : i32"), "traced.mlir"));

  expect(text).toContain("aie.runtime_sequence(%arg0: memref<64xi32>, %arg1: memref<8192xi8>)");
  expect(text).toContain("aie.trace.host_config buffer_size = 8192 arg_idx = 1");
  expect(text).toMatch(/@second.*\n.*packet id = 2 type = core/);
  expect(text).toMatch(/@first.*\n.*packet id = 1 type = memtile/);
});

test("July 2026: a trace in the room behind the last argument is patched in at its end", () => {
  const module = parseModule(traced("buffer_size = 8192 : i32, reuse_output_buffer = true"), "traced.mlir");

  expect(printModule(module)).toContain("aie.runtime_sequence(%arg0: memref<64xi32>)");
  expect(printModule(lowerDesign(module).module)).toMatch(
    /address_patch \{.*arg_idx = 0 : i32, arg_plus = 256 : i32\}/,
  );
});
