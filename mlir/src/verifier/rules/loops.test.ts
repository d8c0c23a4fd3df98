import { expect, test } from "vitest";
import { parseModule } from "../../parser/module.ts";
import { verify } from "../verify.ts";

const loopOver = (type: string, induction = type) => `module {
  aie.device(npu1_1col) {
    %t = aie.tile(0, 2)
    %b = aie.buffer(%t) : memref<4xi32>
    %c = aie.core(%t) {
      "scf.for"(%b, %b, %b) ({
      ^bb0(%i: ${induction}):
        "scf.yield"() : () -> ()
      }) : (${type}, ${type}, ${type}) -> ()
      aie.end
    }
  }
}
`;

test("a loop over memrefs is refused, once for each bound and for the step", () => {
  const messages = verify(parseModule(loopOver("memref<4xi32>"), "d.mlir")).map(({ message }) => message);

  expect(messages).toEqual(
    [0, 1, 2].map((i) =>
      expect.stringContaining(`operand #${i} must be signless integer or index, but got 'memref<4xi32>'`),
    ),
  );
});

test("an induction variable of another type than the bounds is refused", () => {
  const text = loopOver("index", "memref<4xi32>").replace("%c = ", "%n = arith.constant 1 : index\n    %c = ");
  const messages = verify(parseModule(text.replace("(%b, %b, %b)", "(%n, %n, %n)"), "d.mlir")).map((d) => d.message);

  expect(messages).toContain("expected induction variable to be same type as bounds and step");
});
