import { expect, test } from "vitest";
import { namedCauses, sameCause } from "./error-cause.ts";

test.each([
  ["a.mlir:5:10: error: 'aie.lock' op is upside down.", "a.mlir:5:10: error: 'aie.lock' op is upside down"],
  ["<unknown>:0: error: buffer 'none' not found", "aiex.npu.write32: buffer none not found in device"],
  ["a.mlir:1:1: error: custom op 'aie.x' is unknown", "a.mlir:1:1: custom op 'aie.x' is unknown"],
  [
    "<unknown>:0: error: 'aie.mem' op has more than 16 blocks",
    "tile (0,2): Allocator exhausted available BD IDs (maximum 16)",
  ],
  ["<unknown>:0: error: 'aie.lock' op not allocated a lock.", "tile (0,2): %a needs a lock, all 16 are in use by b"],
])("%s is the cause of: %s", (tool, ours) => {
  expect(sameCause(tool, ours)).toBe(true);
});

test.each([
  ["a.mlir:1:1: error: custom op 'aie.x' is unknown", "a.mlir:1:1: custom op 'aie.y' is unknown"],
  ["a.mlir:1:1: error: 'aie.dma_bd' op Size 0 exceeds the [0:1023] range.", "Size 1 exceeds the [0:1023] range."],
  ["<unknown>:0: error: 'aie.mem' op has more than 16 blocks", "tile (0,2): %a needs a lock, all 16 are in use by b"],
  ["", "anything"],
])("%s is not the cause of: %s", (tool, ours) => {
  expect(sameCause(tool, ours)).toBe(false);
});

test("the table of causes gives a reason for every entry", () => {
  for (const { cause, why } of namedCauses) expect([cause, why].every((text) => text.length > 10)).toBe(true);
});
