import { expect, test } from "vitest";
import { integerAttr } from "../ir/attributes.ts";
import { Operation, Region } from "../ir/operation.ts";
import { i32, index } from "../ir/types.ts";
import { parseModule } from "../parser/module.ts";
import { verify } from "./verify.ts";

const errors = (text: string): string[] =>
  verify(parseModule(text, "d.mlir")).flatMap(({ severity, message }) => (severity === "error" ? [message] : []));
const device = (body: string): string => `module {\n  aie.device(npu1) {\n${body}\n  }\n}`;

test("a value that is defined in one of two branches does not reach the block where they meet", () => {
  const text = `func.func @f(%c: i1) -> i32 {
    cf.cond_br %c, ^a, ^b
  ^a:
    %x = arith.constant 1 : i32
    cf.br ^c
  ^b:
    cf.br ^c
  ^c:
    return %x : i32
  }`;

  expect(errors(text)).toEqual(["operand #0 does not dominate this use"]);
  expect(errors(text.replace("%c, ^a, ^b", "%c, ^a, ^a"))).toEqual([]);
});

test("a value is not used before it is defined in its block", () => {
  const text = device("    %b = aie.buffer(%t) : memref<4xi32>\n    %t = aie.tile(0, 2)");

  expect(errors(text)).toEqual(["operand #0 does not dominate this use"]);
});

test("a terminator in the middle of a block is an error", () => {
  expect(errors(device("    %t = aie.tile(0, 2)\n    aie.core(%t) {\n  aie.end\n  aie.end\n}"))).toEqual([
    "must be the last operation in the parent block",
  ]);
});

test("generic form does not escape the checks of operands and attributes", () => {
  const text = device(`    %t = "aie.tile"() <{col = 0 : i32, row = 2 : i64}> : () -> index
    %c = arith.constant 1 : i32
    %l = "aie.lock"(%c) : (i32) -> index
    %m = "aie.lock"() : () -> index
    "aie.use_lock"(%l) : (index) -> ()`);

  expect(errors(text)).toEqual([
    "attribute 'row' failed to satisfy constraint: 32-bit signless integer attribute whose minimum value is 0",
    "operand #0 must be index, but got 'i32'",
    "expected 1 operands, but found 0",
    "requires attribute 'action'",
  ]);
});

test("an operation that is built without a place in the text is reported without a location", () => {
  const region = new Region();
  const attributes = { col: integerAttr(9, i32), row: integerAttr(2, i32) };
  region.entry.append(new Operation("aie.tile", { results: [index], attributes }));
  region.entry.append(new Operation("aie.end"));
  const top = new Region();
  const op = new Operation("aie.device", { attributes: { device: { kind: "enum", name: "npu1" } }, regions: [region] });
  top.entry.append(op);

  const [first] = verify(new Operation("builtin.module", { regions: [top] }));

  expect(first).toEqual({
    severity: "error",
    op: "aie.tile",
    loc: undefined,
    message: "column index (9) must be less than the number of columns in the device (4)",
  });
});

test("a call whose operands are not those of the function is an error with both types", () => {
  const text = device(`    func.func private @k(memref<4xi32>, i32)
    %t = aie.tile(0, 2)
    aie.core(%t) {
      %c = arith.constant 1 : index
      func.call @k(%c) : (index) -> ()
      aie.end
    }
    %u = aie.tile(0, 3)
    aie.core(%u) {
      %c = arith.constant 1 : index
      func.call @k(%c, %c) : (index, index) -> ()
      aie.end
    }`);

  expect(errors(text)).toEqual([
    "incorrect number of operands for callee",
    "operand type mismatch: expected operand type 'memref<4xi32>', but provided 'index' for operand number 0",
    "operand type mismatch: expected operand type 'i32', but provided 'index' for operand number 1",
  ]);
});

test("what the generic form can say and the custom form cannot is refused", () => {
  const errors = (body: string) =>
    verify(parseModule(`"builtin.module"() ({\n${body}\n}) : () -> ()`, "d.mlir")).map(({ message }) => message);

  expect(
    errors('"func.func"() <{function_type = () -> (), sym_name = "f", sym_visibility = "odd"}> ({}) : () -> ()'),
  ).toContainEqual(
    expect.stringContaining('visibility expected to be one of ["public", "private", "nested"], but got "odd"'),
  );
  expect(
    errors(`"aie.device"() <{device = 4 : i32, sym_name = "main"}> ({
  %0 = "aie.tile"() <{col = 0 : i32, row = 2 : i32}> : () -> index
  %1 = "aie.mem"(%0) ({
    "aie.next_bd"() : () -> ()
  ^bb1:
    "aie.end"() : () -> ()
  }) : (index) -> index
  "aie.end"() : () -> ()
}) : () -> ()`),
  ).toContainEqual(expect.stringContaining("requires 1 successor but found 0"));
});

test.each([
  ["aie.trace.host_config buffer_size = 64", []],
  ["aie.trace.host_config buffer_size = 0", [expect.stringContaining("'buffer_size' failed to satisfy constraint")]],
])("a trace's host buffer has a size: %s", (config, expected) => {
  expect(errors(device(`aie.runtime_sequence(%a: memref<4xi32>) { ${config} }`))).toEqual(expected);
});

test("a trace's host buffer belongs to a sequence", () => {
  const expected = "expects parent op 'aie.runtime_sequence'";

  expect(errors(device("aie.trace.host_config buffer_size = 64"))).toEqual([expected]);
});

const parts = (sizes: readonly [number, number], offsets: string, whole = 64): string =>
  device(`    %s = aie.tile(0, 0)
    %m = aie.tile(0, 1)
    %a = aie.tile(0, 2)
    %b = aie.tile(0, 3)
    aie.objectfifo @in(%s, {%m}, 2 : i32) : !aie.objectfifo<memref<${whole}xi32>>
    aie.objectfifo @left(%m, {%a}, 2 : i32) : !aie.objectfifo<memref<${sizes[0]}xi32>>
    aie.objectfifo @right(%m, {%b}, 2 : i32) : !aie.objectfifo<memref<${sizes[1]}xi32>>
    aie.objectfifo.link [@in] -> [@left, @right] ([] [${offsets}])`);
const warnings = (text: string): string[] =>
  verify(parseModule(text, "d.mlir")).map(({ message, hint }) => `${message}; ${hint}`);

test.each([
  ["equal parts", [32, 32], "0, 32"],
  ["uneven parts", [48, 16], "0, 48"],
  ["parts of two objects each", [16, 16], "0, 32"],
] as const)("a link with %s is right", (_, sizes, offsets) => {
  expect(warnings(parts(sizes, offsets))).toEqual([]);
});

test("a link whose parts are other shares of the object than their own objects is told with the offsets that fit", () => {
  expect(warnings(parts([32, 32], "0, 40"))).toEqual([
    "objects of @left have 32 elements, and the offsets give it 40 of each object of @in: what it takes moves on from object to object; offsets [0, 32] give each part one object",
  ]);
  expect(warnings(parts([32, 20], "0, 32"))).toEqual([
    "objects of @right have 20 elements, and the offsets give it 32 of each object of @in: what it takes moves on from object to object; the objects of the parts have 52 elements together, those of @in have 64: make them equal",
  ]);
});

test("a block that is written to a buffer ends in it", () => {
  const write = (first: number): string =>
    device(`    %a = aie.tile(0, 2)
    %b = aie.buffer(%a) {sym_name = "table"} : memref<6xi32>
    memref.global "private" constant @values : memref<4xi32> = dense<[1, 2, 3, 4]>
    aie.runtime_sequence @run() {
      %v = memref.get_global @values : memref<4xi32>
      aiex.npu.blockwrite(%v) {address = ${first} : ui32, buffer = @table} : memref<4xi32>
    }`);

  expect(warnings(write(2))).toEqual([]);
  expect(warnings(write(3))).toEqual([
    "writes words 3..6 of @table, which has 6: it goes to what lies behind the buffer; places count 32-bit words: 0..5, or a larger buffer",
  ]);
});

test("a parameter's word is counted in 32 bits, whatever the buffer's elements", () => {
  const write = (type: string, index: number): string =>
    device(`    %a = aie.tile(0, 2)
    %b = aie.buffer(%a) {sym_name = "rtp"} : ${type}
    aie.runtime_sequence @run() { aiex.npu.rtp_write(@rtp, ${index}, 7) }`);

  expect(warnings(write("memref<16xi32>", 15))).toEqual([]);
  expect(warnings(write("memref<16xi8>", 3))).toEqual([]);
  expect(warnings(write("memref<16xi8>", 4))).toEqual([
    "writes word 4 of @rtp, which has 4: it goes to what lies behind the buffer; places count 32-bit words: 0..3, or a larger buffer",
  ]);
});

test("operands that have to be of one type are held to it in the generic form, which spells each", () => {
  const add = (rhs: string) =>
    `func.func @f(%a: i32, %b: ${rhs}) {\n  %c = "arith.addi"(%a, %b) : (i32, ${rhs}) -> i32\n  return\n}`;
  const select = (type: string) =>
    `func.func @f(%a: i1, %b: i32, %c: ${type}) {\n  %d = "arith.select"(%a, %b, %c) : (i1, i32, ${type}) -> i32\n  return\n}`;

  expect(errors(add("i32"))).toEqual([]);
  expect(errors(add("i7"))).toEqual(["requires the same type for rhs and result, got 'i7' and 'i32'"]);
  expect(errors(select("i32"))).toEqual([]);
  expect(errors(select("f32"))).toEqual(["requires the same type for falseValue and result, got 'f32' and 'i32'"]);
});

test("a copy is between memories of one shape and element type, however they lie", () => {
  const copy = (to: string) =>
    errors(
      `func.func @f(%a: memref<4x8xi32>, %b: ${to}) {\n  memref.copy %a, %b : memref<4x8xi32> to ${to}\n  return\n}`,
    );

  expect(copy("memref<4x8xi32>")).toEqual([]);
  expect(copy("memref<4x8xi32, strided<[16, 1]>>")).toEqual([]);
  expect(copy("memref<4x?xi32>")).toEqual([]);
  expect(copy("memref<32xi32>")).toEqual(["requires the same shape for all operands"]);
  expect(copy("memref<4x7xi32>")).toEqual(["requires the same shape for all operands"]);
  expect(copy("memref<4x8xf32>")).toEqual(["requires the same element type for all operands"]);
});
