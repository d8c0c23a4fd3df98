import { expect, test } from "vitest";
import { type Operation, walk } from "../ir/operation.ts";
import { parseModule } from "../parser/module.ts";
import { lowerDesign } from "./lower-design.ts";

const take = (name: string) =>
  `%${name} = aie.objectfifo.acquire @f(Produce, 1) : !aie.objectfifosubview<memref<4xi32>>`;
const give = "aie.objectfifo.release @f(Produce, 1)";

/** Lock operations of the producer's core with `body`, `+` for a wait and `-` for a release, and the warnings. */
function lowered(body: string): { readonly locks: string; readonly warnings: readonly string[] } {
  const { module, warnings } = lowerDesign(
    parseModule(
      `module { aie.device(npu1_1col) {
  %a = aie.tile(0, 2)
  %b = aie.tile(0, 3)
  aie.objectfifo @f(%a, {%b}, 2 : i32) : !aie.objectfifo<memref<4xi32>>
  %core = aie.core(%a) {
    %yes = arith.constant true
    ${body}
    aie.end
  }
} }`,
      "branches.mlir",
    ),
  );
  const locks: string[] = [];
  walk(module, (op: Operation) => {
    if (op.name === "aie.use_lock") locks.push(op.text("action") === "Release" ? "-" : "+");
  });
  return { locks: locks.join(""), warnings: warnings.map(({ message }) => message) };
}

test("an acquire in a branch takes what the branch before it still holds, as the compiler counts it, with a warning", () => {
  const { locks, warnings } = lowered(`scf.if %yes {\n${take("x")}\n${give}\n} else {\n${take("y")}\n${give}\n}`);

  expect(locks).toBe("+--");
  expect(warnings).toEqual([expect.stringContaining("objects of @f do not come round inside")]);
});

test("releases of both branches are counted behind them", () => {
  const branches = `scf.if %yes {\n${give}\n} else {\n}`;

  expect(lowered(`${take("x")}\n${branches}\n${take("y")}\n${give}`).locks).toBe("+-+-");
});

test("a release in another block of the core is not counted", () => {
  expect(lowered(`${take("x")}\n${give}\ncf.br ^next\n^next:\n${take("y")}\n${give}`).locks).toBe("+--");
});
