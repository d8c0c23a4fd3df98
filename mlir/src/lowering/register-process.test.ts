import { expect, test } from "vitest";
import { walk } from "../ir/operation.ts";
import { parseModule } from "../parser/module.ts";
import { lowerDesign } from "./lower-design.ts";

/** What the cores do: `+n` and `-n` for locks taken and given, `work` for the call. */
function steps(process: string, patterns: { acquire: string; release: string; length: number }): string[] {
  const count = (list: string) => list.split(",").length;
  const { module } = lowerDesign(
    parseModule(
      `module { aie.device(npu1_1col) {
  %a = aie.tile(0, 2)
  %b = aie.tile(0, 3)
  aie.objectfifo @f(%a, {%b}, 4 : i32) : !aie.objectfifo<memref<16xi32>>
  %acquire = arith.constant dense<[${patterns.acquire}]> : tensor<${count(patterns.acquire)}xi32>
  %release = arith.constant dense<[${patterns.release}]> : tensor<${count(patterns.release)}xi32>
  %length = arith.constant ${patterns.length} : index
  func.func @work() -> () { return }
  ${process.replaceAll(
    "PATTERNS",
    `%acquire : tensor<${count(patterns.acquire)}xi32>, %release : tensor<${count(patterns.release)}xi32>`,
  )}
} }`,
      "process.mlir",
    ),
  );
  const found: string[] = [];
  walk(module, (op) => {
    if (op.name === "aie.use_lock") found.push(`${op.text("action") === "Release" ? "-" : "+"}${op.int("value")}`);
    if (op.name === "func.call") found.push("work");
  });
  return found;
}

const producer = "aie.objectfifo.register_process @f (Produce, PATTERNS, @work, %length)";

test("one number each: so many rounds in a loop, which the fifo's depth unrolls", () => {
  const rounds = steps(producer, { acquire: "1", release: "1", length: 8 });

  // A loop over 8 rounds of a fifo of depth 4 has 4 rounds in its body.
  expect(rounds).toEqual(Array.from({ length: 4 }, () => ["+1", "work", "-1"]).flat());
});

test("patterns go on round by round: what is held is not taken again", () => {
  expect(steps(producer, { acquire: "2, 3, 3, 3, 0", release: "0, 1, 1, 2, 1", length: 10 })).toEqual([
    ...["+2", "work"],
    ...["+1", "work", "-1", "+1", "work", "-1"],
    ...["+1", "work", "-2"],
    "-1",
  ]);
});

test("a consumer's process runs on the consumer's tile, once for each", () => {
  const consumer = producer.replace("Produce", "Consume");

  expect(steps(consumer, { acquire: "1", release: "1", length: 1 })).toEqual(["+1", "work", "-1"]);
  expect(() => steps(`${consumer}\n${consumer}`, { acquire: "1", release: "1", length: 1 })).toThrow(
    /process\.mlir:10:\d+: .*No more available consumer tiles/,
  );
});
