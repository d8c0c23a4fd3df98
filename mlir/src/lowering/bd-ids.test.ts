import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { lowerDesign } from "./lower-design.ts";

test("a tile with too many BDs names the first four buffers and how many more there are", () => {
  const numbers = Array.from({ length: 17 }, (_, i) => i);
  const buffers = numbers.map((i) => `%b${i} = aie.buffer(%c) {sym_name = "b${i}"} : memref<16xi32>`);
  const bds = numbers.map(
    (i) => `^bd${i}:\naie.dma_bd(%b${i} : memref<16xi32>, 0, 16)\naie.next_bd ^bd${(i + 1) % 17}`,
  );
  const program = `%m = aie.mem(%c) {\n%go = aie.dma_start(MM2S, 0, ^bd0, ^end)\n${bds.join("\n")}\n^end:\naie.end }`;
  const text = `module { aie.device(npu1_1col) {\n%c = aie.tile(0, 2)\n${buffers.join("\n")}\n${program}\n} }`;

  expect(() => lowerDesign(parseModule(text, "bds.mlir"))).toThrow(/BDs move b0, b1, b2, b3 and 13 more$/);
});
