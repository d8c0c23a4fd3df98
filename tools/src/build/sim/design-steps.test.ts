import { BudgetError, DesignError } from "@aiekit/core";
import { expect, test } from "vitest";
import { type PlanOutputs, runSteps } from "../../plan/run-steps.ts";
import { designSteps } from "./design-steps.ts";
import { memoryRef } from "./outputs.ts";

const core = { col: 0, row: 2, functions: [], objects: [] };
const noCache = { load: async () => undefined, save: async () => {} };

/** A device with one core, and what else `body` declares on its tile. */
async function run(body: string): Promise<PlanOutputs> {
  const text = `module {
  aie.device(npu1_1col) {
    %tile = aie.tile(0, 2)
    ${body}
    %core = aie.core(%tile) {
      aie.end
    } {stack_size = 2048 : i32}
  }
}
`;
  const steps = designSteps({ text, fileName: "design.mlir", programs: [core], sequences: [], codeVersion: "1" });
  return runSteps(steps, { cache: noCache, jobs: 1 });
}

test("a core's statics start after its stack and its buffers", async () => {
  const outputs = await run('%buffer = aie.buffer(%tile) {sym_name = "in", address = 2048 : i32} : memref<256xi32>');

  const memory: unknown = JSON.parse(new TextDecoder().decode(outputs.get(memoryRef(core))));
  expect(memory).toEqual({ stackBytes: 2048, dataBase: 2048 + 256 * 4 });
});

test("a buffer that the tile has no room for is a BudgetError of the step lower", async () => {
  const error = await run('%big = aie.buffer(%tile) {sym_name = "big"} : memref<20000xi32>').catch((e: unknown) => e);

  expect(error).toBeInstanceOf(BudgetError);
  expect((error as BudgetError).message).toMatch(/^lower: .*\(0, ?2\)/s);
});

test("an invalid design is a DesignError of the step verify, with file and line, and is not lowered", async () => {
  const twice =
    '%a = aie.buffer(%tile) {sym_name = "in"} : memref<4xi32> %b = aie.buffer(%tile) {sym_name = "in"} : memref<4xi32>';
  const error = await run(twice).catch((e: unknown) => e);

  expect(error).toBeInstanceOf(DesignError);
  expect((error as DesignError).message).toMatch(/^verify: design\.mlir:4:\d+: error: /);
});
