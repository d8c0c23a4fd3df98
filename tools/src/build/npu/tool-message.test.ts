import { expect, test } from "vitest";
import { cutToolMessage } from "./tool-message.ts";

test("the operation that MLIR prints after an error is left out, the line and its place stay", () => {
  const printed = `design.mlir:4:18: error: 'aie.tile' op number of output DMA channel exceeded!
    %t = aie.tile(0, 2)
         ^
design.mlir:4:18: note: see current operation: "aie.device"() ({
  %0 = "aie.tile"() <{col = 0 : i32}> : () -> index
}) : () -> ()
design.mlir:9:5: note: the other one is here
`;

  expect(cutToolMessage(printed).split("\n")).toEqual([
    "design.mlir:4:18: error: 'aie.tile' op number of output DMA channel exceeded!",
    "    %t = aie.tile(0, 2)",
    "         ^",
    "design.mlir:9:5: note: the other one is here",
  ]);
});

test("a long output keeps the part from the first error on, and counts the rest", () => {
  const before = Array.from({ length: 40 }, (_, i) => `loading ${i}`);
  const after = Array.from({ length: 40 }, (_, i) => `detail ${i}`);

  const lines = cutToolMessage([...before, "ld.lld: error: undefined symbol: f", ...after].join("\n")).split("\n");

  expect(lines).toHaveLength(17);
  expect(lines[0]).toBe("ld.lld: error: undefined symbol: f");
  expect(lines.at(-1)).toBe("... 65 more lines in the log");
});

test("a line of thousands of characters is cut, and output that is all noise is kept as it is", () => {
  expect(cutToolMessage(`error: ${"x".repeat(5000)}`)).toHaveLength(240);
  expect(cutToolMessage("Stack dump:\n0.\tProgram arguments: llc")).toBe("Stack dump:\n0.\tProgram arguments: llc");
  expect(cutToolMessage("")).toBe("");
});
