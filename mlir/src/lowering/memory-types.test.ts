import { DesignError } from "@aiekit/core";
import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { lowerDesign } from "./lower-design.ts";

const bfp = 'memref<64x!aiex.bfp<"v8bfp16ebs8">>';

test.each([
  ["buffer", `%b = aie.buffer(%c) {sym_name = "b"} : ${bfp}`],
  ["objectFifo", `aie.objectfifo @f(%s, {%c}, 2 : i32) : !aie.objectfifo<${bfp}>`],
])("a %s of block floating point elements is refused where it stands", (_what, text) => {
  const module = parseModule(
    `module { aie.device(npu2_1col) {\n%s = aie.tile(0, 0)\n%c = aie.tile(0, 2)\n${text}\n} }`,
    "bfp.mlir",
  );

  expect(() => lowerDesign(module)).toThrow(DesignError);
  expect(() => lowerDesign(module)).toThrow(/bfp\.mlir:4:\d+: aie\.\w+: expected elements .* got !aiex\.bfp</);
});
