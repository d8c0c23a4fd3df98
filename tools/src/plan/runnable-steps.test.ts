import { expect, test } from "vitest";
import { runnableSteps } from "./runnable-steps.ts";
import type { MissingTool, Step } from "./step.ts";

const llc: MissingTool = { tool: "llc", reason: "not found; looked in PATH", cure: "install Peano" };

function step(name: string, from: readonly string[] = [], missing?: MissingTool): Step {
  return {
    name,
    kind: name,
    version: "1",
    inputs: {},
    reads: from.map((read) => ({ step: read, output: "out" })),
    command: name,
    missing,
    run: () => new Map(),
  };
}

test("a step without its tool and what reads from it are left out; what does not depend on it runs", () => {
  const steps = [step("lower"), step("llc", ["lower"], llc), step("link", ["llc"]), step("insts", ["lower"])];

  const plan = runnableSteps(steps);

  expect(plan.runnable.map((s) => s.name)).toEqual(["lower", "insts"]);
  expect(plan.stops).toEqual([{ step: "llc", missing: llc }]);
  expect(plan.unreached).toEqual([{ step: "link", missing: undefined }]);
});

test("a step without its tool that lies behind another one is no place where the build stops", () => {
  const plan = runnableSteps([step("link", ["llc"], llc), step("llc", [], llc)]);

  expect(plan.stops.map((stop) => stop.step)).toEqual(["llc"]);
  expect(plan.unreached).toEqual([{ step: "link", missing: llc }]);
});

test("with every tool there, every step runs", () => {
  expect(runnableSteps([step("a"), step("b", ["a"])])).toMatchObject({ stops: [], unreached: [] });
});
