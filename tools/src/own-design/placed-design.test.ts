import { walk } from "@aiekit/mlir";
import { expect, test } from "vitest";
import { readOwnDesign } from "./read-own-design.ts";

const module = (body: string): string => `module {
  aie.device(npu1_1col) {
${body}
    aie.runtime_sequence @sequence(%arg0: memref<64xi32>) {
    }
  }
}
`;

const read = (body: string) => readOwnDesign({ file: "d.mlir", text: module(body), lowered: false });

test("logical tiles get places before lowering", () => {
  const { lowered } = read(`
    %shim = aie.logical_tile<ShimNOCTile>(?, ?)
    %core = aie.logical_tile<CoreTile>(?, 3)
    aie.objectfifo @in(%shim, {%core}, 2 : i32) : !aie.objectfifo<memref<16xi32>>`);

  const places: unknown[] = [];
  walk(lowered, (op) => op.name === "aie.tile" && places.push([op.int("col"), op.int("row")]));

  expect(places).toEqual([
    [0, 0],
    [0, 3],
  ]);
});

test("seven streams northwards out of a switch with six ports are refused, although every channel exists", () => {
  const flows = Array.from(
    { length: 7 },
    (_, i) =>
      `    aie.flow(%m${i < 6 ? "" : "2"}, ${i < 6 ? `DMA : ${i}` : "South : 0"}, %c${2 + (i >> 1)}, DMA : ${i % 2})`,
  );
  const body = `
    %m = aie.tile(0, 1)
    %c2 = aie.tile(0, 2)
    %c3 = aie.tile(0, 3)
    %c4 = aie.tile(0, 4)
    %c5 = aie.tile(0, 5)
${flows.join("\n").replace("%m2", "%m")}`;

  expect(() => read(body)).toThrow(/route|switch|stream/i);
});
