import { expect, test } from "vitest";
import type { StepCache } from "../cache/step-cache.ts";
import { previewSteps } from "./preview-steps.ts";
import { runSteps } from "./run-steps.ts";
import type { Step, StepOutputs } from "./step.ts";

function memoryCache(): StepCache {
  const entries = new Map<string, StepOutputs>();
  return {
    load: async (key) => entries.get(key),
    save: async (key, outputs) => {
      entries.set(key, outputs);
    },
  };
}

function step(name: string, own: string, from: readonly string[] = []): Step {
  return {
    name,
    kind: name,
    version: "1",
    inputs: { own },
    reads: from.map((step) => ({ step, output: "out" })),
    command: `make ${name}`,
    run: () => new Map([["out", new TextEncoder().encode(own)]]),
  };
}

test("a preview says which steps are cached, which run, and which depend on one that runs", async () => {
  const cache = memoryCache();
  await runSteps([step("a", "1"), step("b", "1", ["a"]), step("c", "1")], { cache, jobs: 1 });

  const preview = await previewSteps([step("a", "2"), step("b", "1", ["a"]), step("c", "1")], cache);

  expect(preview).toEqual([
    { name: "a", command: "make a", fate: "runs" },
    { name: "b", command: "make b", fate: "depends" },
    { name: "c", command: "make c", fate: "cached" },
  ]);
});

test("a preview runs nothing", async () => {
  const refuse = { ...step("a", "1"), run: () => expect.unreachable("a preview ran a step") };

  expect(await previewSteps([refuse], memoryCache())).toMatchObject([{ fate: "runs" }]);
});
