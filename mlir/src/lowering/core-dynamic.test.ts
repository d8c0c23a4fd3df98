import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { printModule } from "../printer/module.ts";
import { lowerDesign } from "./lower-design.ts";

/** A core that chooses its objects at run time, beside one buffer. */
const design = (attributes: string) =>
  parseModule(
    `module { aie.device(npu1_1col) {
  %s = aie.tile(0, 0)
  %c = aie.tile(0, 2)
  %own = aie.buffer(%c) ${attributes}: memref<64xi32>
  aie.objectfifo @in(%s, {%c}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
  %core = aie.core(%c) {
    %x = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
    aie.objectfifo.release @in(Consume, 1)
    aie.end
  } {dynamic_objfifo_lowering = true}
} }`,
    "counters.mlir",
  );

test("the counters of a core are numbered behind a buffer that the design left unnamed", () => {
  const text = printModule(lowerDesign(design("")).module);

  expect(text).toMatch(/sym_name = "_anonymous0".*memref<64xi32>/);
  expect(text).toMatch(/sym_name = "_anonymous1".*memref<1xi32>/);
});

test("a buffer with the name that the counters get is refused, with the core's line", () => {
  expect(() => lowerDesign(design('{sym_name = "_anonymous0"} '))).toThrow(/counters\.mlir:6:\d+: .*'_anonymous0'/);
});
