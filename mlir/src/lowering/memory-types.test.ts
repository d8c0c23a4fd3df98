import { DesignError } from "@aiekit/core";
import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { lowerDesign } from "./lower-design.ts";

const lowered = (text: string) => {
  const module = parseModule(
    `module { aie.device(npu2_1col) {\n%s = aie.tile(0, 0)\n%c = aie.tile(0, 2)\n${text}\n} }`,
    "memory.mlir",
  );
  return lowerDesign(module).module.regions[0]?.entry.ops[0]?.regions[0]?.entry.ops ?? [];
};

const other = "memref<64x!quant.any>";

test.each([
  ["buffer", `%b = aie.buffer(%c) {sym_name = "b"} : ${other}`],
  ["objectFifo", `aie.objectfifo @f(%s, {%c}, 2 : i32) : !aie.objectfifo<${other}>`],
])("a %s of elements without a size is refused where it stands", (_what, text) => {
  expect(() => lowered(text)).toThrow(DesignError);
  expect(() => lowered(text)).toThrow(/memory\.mlir:4:\d+: aie\.\w+: expected elements .* got !quant\.any/);
});

test.each([
  // 8 values of 8 bits and an exponent, 64 times.
  ["v8bfp16ebs8", 64 * 9],
  ["v16bfp16ebs16", 64 * 17],
])("64 blocks of %s take %i bytes", (format, bytes) => {
  const type = `memref<64x!aiex.bfp<"${format}">>`;

  const buffers = lowered(`%a = aie.buffer(%c) {sym_name = "a"} : ${type}
    %b = aie.buffer(%c) {sym_name = "b", mem_bank = 0 : i32} : ${type}
    %d = aie.buffer(%c) {sym_name = "d", mem_bank = 0 : i32} : ${type}`);

  const [first, second] = ["b", "d"].map((name) => buffers.find((op) => op.text("sym_name") === name)?.int("address"));
  expect((second ?? 0) - (first ?? 0)).toBe(bytes);
});

test("a block format that there is not is refused", () => {
  expect(() => lowered('%b = aie.buffer(%c) : memref<64x!aiex.bfp<"v32bfp16ebz8">>')).toThrow(
    /memory\.mlir:4:\d+: Invalid block type: v32bfp16ebz8\./,
  );
});
