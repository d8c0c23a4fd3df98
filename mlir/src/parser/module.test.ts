import { FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { printModule } from "../printer/module.ts";
import { parseModule } from "./module.ts";

function messageOf(text: string): string {
  try {
    parseModule(text, "d.mlir");
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  return "no error";
}

const device = (body: string): string => `module {\n  aie.device(npu1_1col) {\n${body}\n  }\n}`;

test("a syntax error names file, line and column, what was expected, and shows the line with a caret below", () => {
  const text = device("    %t = aie.tile(0 2)");

  expect(messageOf(text)).toBe(
    "d.mlir:3:21: expected ',' in aie.tile, found '2'\n    %t = aie.tile(0 2)\n                    ^",
  );
});

test("an unknown operation in custom form is an error whose hint names the nearest ones", () => {
  const text = device("    %t = aie.tyle(0, 2)");

  expect(() => parseModule(text, "d.mlir")).toThrowError(
    expect.objectContaining({ code: "format", hint: expect.stringContaining("aie.tile") }),
  );
});

test("an unknown operation in generic form is kept, its operands, regions and attributes with it", () => {
  const text = `module {
  %0 = "other.make"() <{size = 4 : i32}> : () -> i32
  "other.use"(%0) ({
    "other.end"() : () -> ()
  }) {note = "x"} : (i32) -> ()
}
`;

  const module = parseModule(text, "d.mlir");

  expect(module.regions[0]?.blocks[0]?.ops.map(({ name }) => name)).toEqual(["other.make", "other.use"]);
  expect(parseModule(printModule(module), "again").regions[0]?.blocks[0]?.ops[1]?.text("note")).toBe("x");
});

test("the end of the file inside of a region is an error that says what was missing", () => {
  expect(messageOf("module {\n  aie.device(npu1) {")).toContain(
    "d.mlir:2:21: expected an operation, found the end of the file",
  );
});

test("operations know where they were written", () => {
  const module = parseModule(device("    %t = aie.tile(0, 2)\n    aie.core(%t) {\n      aie.end\n    }"), "d.mlir");

  const [tile, core] = module.regions[0]?.entry.ops[0]?.regions[0]?.entry.ops ?? [];

  expect(tile?.loc).toEqual({ file: "d.mlir", line: 3, column: 10 });
  expect(core?.loc).toEqual({ file: "d.mlir", line: 4, column: 5 });
});

test("a value may be used before the block that defines it is read", () => {
  const text = `func.func @f(%c: i1) -> i32 {
  cf.br ^entry
^use:
  func.return %x : i32
^entry:
  %x = arith.constant 7 : i32
  cf.br ^use
}`;

  const ops = parseModule(text, "d.mlir").regions[0]?.entry.ops[0]?.regions[0]?.blocks ?? [];

  expect(ops[1]?.ops[0]?.operands[0]).toBe(ops[2]?.ops[0]?.results[0]);
});

test.each([
  ["a label that is never defined", "func.func @f() {\n  cf.br ^gone\n}", "reference to an undefined block '^gone'"],
  ["a name given twice", device("    %t = aie.tile(0, 2)\n    %t = aie.tile(0, 3)"), "redefinition of SSA value '%t'"],
  ["two names for one result", device("    %a, %b = aie.tile(0, 2)"), "has 1 results, 2 are named"],
  ["an attribute given twice", device("    %t = aie.tile(0, 2) {a = 1, a = 2}"), "attribute 'a' is given twice"],
  ["an alias that is not defined", "module attributes {m = #map} {\n}", "attribute alias '#map' is not defined"],
  ["a number too big for its type", device("    %t = aie.tile(0, 4294967296)"), "integer constant out of range"],
  [
    "dense data of another length",
    "memref.global @g : memref<3xi32> = dense<[1, 2]>",
    "has 2 elements, its type 3 needs 3",
  ],
  ["a string that does not end", 'module attributes {a = "x} {\n}', 'unexpected character "\\""'],
])("%s is an error", (_, text, message) => {
  expect(messageOf(text)).toContain(message);
});

test("a core sees values from outside, a function does not", () => {
  const inside = (op: string): string =>
    device(
      `    %t = aie.tile(0, 2)\n    %b = aie.buffer(%t) : memref<4xi32>\n    %i = arith.constant 0 : index\n    ${op}`,
    );

  expect(messageOf(inside("aie.core(%t) {\n  %x = memref.load %b[%i] : memref<4xi32>\n  aie.end\n}"))).toBe("no error");
  expect(messageOf(inside("func.func @f() {\n  %x = memref.load %b[%i] : memref<4xi32>\n  return\n}"))).toContain(
    "use of undeclared SSA value name '%b'",
  );
});

test("comments, locations, aliases and attributes of the module are read", () => {
  const text = `// a comment
#loc = loc("a.py":3:4)
#set = affine_map<(d0) -> (d0 * 2)>
!small = memref<4xi32>
module attributes {note = "caf\\C3\\A9", m = #set} {
  func.func private @f(!small) loc(#loc) // another
} loc(#loc)
`;

  const module = parseModule(text, "d.mlir");

  expect(module.text("note")).toBe("café");
  expect(printModule(module)).toBe(`#map = affine_map<(d0) -> (d0 * 2)>
module attributes {m = #map, note = "caf\\C3\\A9"} {
  func.func private @f(memref<4xi32>)
}
`);
});

test("the spelling of 2025 is read and that of 2026 is written", () => {
  const text = device(`    aie.shim_dma_allocation @in(MM2S, 1, 0)
    aiex.runtime_sequence(%a: memref<4xi32>) {
      aiex.npu.dma_wait {symbol = @in}
    }`);

  expect(printModule(parseModule(text, "d.mlir"))).toBe(`module {
  aie.device(npu1_1col) {
    %shim_noc_tile_0_0 = aie.tile(0, 0)
    aie.shim_dma_allocation @in(%shim_noc_tile_0_0, MM2S, 1)
    aie.runtime_sequence(%arg0: memref<4xi32>) {
      aiex.npu.dma_wait {symbol = @in}
    }
  }
}
`);
  expect(() => parseModule(text, "d.mlir", { spelling: "2026" })).toThrowError(/expected SSA operand/);
});

test("an allocation by column takes the shim tile that is declared", () => {
  const text = device("    aie.shim_dma_allocation @in (MM2S, 0, 0)\n    %s = aie.tile(0, 0)");

  const printed = printModule(parseModule(text, "d.mlir"));

  expect(printed.match(/aie\.tile/g)).toHaveLength(1);
});

test("a dimension that no integer holds exactly is refused at its place", () => {
  const text = device("    %t = aie.tile(0, 2)\n    %b = aie.buffer(%t) : memref<99999999999999999999xi32>");

  expect(() => parseModule(text, "d.mlir")).toThrowError(/a dimension is below 2\^53, found 99999999999999999999/);
});

test("types for operands that are not there are refused where the operation begins", () => {
  const text = device(`    %s = aie.tile(0, 0)
    %c = aie.tile(0, 2)
    aie.objectfifo @x(%s, {%c}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo.register_external_buffers @x(%s, {}) : (memref<64xi32>)`);

  expect(() => parseModule(text, "d.mlir")).toThrowError(
    /^d\.mlir:\d+:5: 0 operands present, but expected 1\n {4}aie\.objectfifo\.register_external_buffers/,
  );
});
