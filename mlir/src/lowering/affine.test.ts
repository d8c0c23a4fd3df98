import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { lowerDesign } from "./lower-design.ts";

test("an affine operation that has no lowering is refused with file, line and column", () => {
  const text = `module {
  aie.device(npu1_1col) {
    %t = aie.tile(0, 2)
    %c = aie.core(%t) {
      "affine.parallel"() : () -> ()
      aie.end
    }
  }
}
`;

  expect(() => lowerDesign(parseModule(text, "d.mlir"))).toThrowError(
    /^d\.mlir:5:7: .*affine\.parallel.* cannot be lowered/s,
  );
});
