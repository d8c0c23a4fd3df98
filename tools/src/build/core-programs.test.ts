import { DesignError } from "@aiekit/core";
import { parseModule } from "@aiekit/mlir";
import { expect, test } from "vitest";
import { type CoreProgram, corePrograms } from "./core-programs.ts";

const programs = (device: string): readonly CoreProgram[] =>
  corePrograms(parseModule(`module {\n  aie.device(npu1_1col) {\n${device}\n  }\n}\n`, "design.mlir"));

test("a core's program is what it calls, each function once, with the objects of the declarations", () => {
  const found = programs(`
    func.func private @scale(i32) attributes {link_with = "scale.o"}
    func.func private @add(i32) attributes {link_with = "add.o"}
    func.func private @unused(i32) attributes {link_with = "unused.o"}
    %t2 = aie.tile(0, 2)
    %t3 = aie.tile(0, 3)
    aie.core(%t2) {
      %c1 = arith.constant 1 : i32
      func.call @scale(%c1) : (i32) -> ()
      func.call @add(%c1) : (i32) -> ()
      func.call @scale(%c1) : (i32) -> ()
      aie.end
    }
    aie.core(%t3) {
      aie.end
    }`);

  expect(found).toEqual([{ col: 0, row: 2, functions: ["add", "scale"], objects: ["add.o", "scale.o"] }]);
});

test("a function without an object is linked with the core's", () => {
  const found = programs(`
    func.func private @scale(i32)
    %t2 = aie.tile(0, 2)
    aie.core(%t2) {
      %c1 = arith.constant 1 : i32
      func.call @scale(%c1) : (i32) -> ()
      aie.end
    } {link_with = "scale.o"}`);

  expect(found).toMatchObject([{ functions: ["scale"], objects: ["scale.o"] }]);
});

test("a call that nothing defines is an error with core and function", () => {
  const design = `
    func.func private @scale(i32)
    %t2 = aie.tile(0, 2)
    aie.core(%t2) {
      %c1 = arith.constant 1 : i32
      func.call @scale(%c1) : (i32) -> ()
      aie.end
    }`;

  expect(() => programs(design)).toThrow(DesignError);
  expect(() => programs(design)).toThrow(/core \(0,2\): calls @scale, and neither it nor the core has link_with/);
});
