import { expect, test } from "vitest";
import { startColumns } from "./start-columns.ts";

// Start columns in xclbins of mlir-aie: 1-column designs [1,2,3,4], npu1 [0], npu2 [0].
test.each([
  ["aie2", 4, [0]],
  ["aie2", 1, [1, 2, 3, 4]],
  ["aie2", 2, [1, 2, 3]],
  ["aie2", 3, [1, 2]],
  ["aie2p", 8, [0]],
  ["aie2p", 4, [1]],
  ["aie2p", 7, [0, 1]],
] as const)("a partition of an %s array, %i columns wide, may start at %j", (generation, columns, expected) => {
  expect(startColumns({ generation, columns })).toEqual(expected);
});
