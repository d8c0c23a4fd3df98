import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Step } from "../../plan/step.ts";
import type { MlirAieReleaseId } from "../../toolchain/mlir-aie-releases.ts";
import { findHardwareTools } from "./hardware-tools.ts";
import { moduleSteps } from "./module-steps.ts";
import { loweringOf } from "./pass-pipelines.ts";
import { scratchFolders } from "./scratch-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-steps-"));
});
afterEach(() => rm(folder, { recursive: true }));

const traced = 'module { aie.device(npu1_1col) { aie.trace @core(%t) { aie.trace.mode "Event-Time" } } }\n';

async function stepsFor(
  release: MlirAieReleaseId,
  text: string,
  passes: readonly string[] = [],
): Promise<readonly Step[]> {
  const tools = { ...(await findHardwareTools({}, folder)), passes: new Set(passes) };
  const context = { tools, scratch: scratchFolders(folder, folder), design: { fileName: "design.mlir", text } };
  const verified = { step: "verify", output: "verify-warnings.json" };
  return moduleSteps(
    { lowering: loweringOf(release), generation: "aie2", cores: [], verified, codeVersion: "1" },
    context,
  );
}
const commandOf = (steps: readonly Step[], name: string): string | undefined =>
  steps.find((step) => step.name === name)?.command;

test("traces are lowered before addresses from v1.3 on, with the passes that are there", async () => {
  const steps = await stepsFor("v1.3", traced, ["aie-insert-trace-flows"]);

  expect(commandOf(steps, "traces")).toBe(
    "aie-opt '--pass-pipeline=builtin.module(aie.device(aie-insert-trace-flows,aie-trace-to-config,aie-trace-pack-reg-writes,aie-inline-trace-config))' design.mlir -o input_with_traces.mlir",
  );
  expect(commandOf(steps, "addresses")).toMatch(/ input_with_traces\.mlir -o input_with_addresses\.mlir$/);
  expect(commandOf(await stepsFor("v1.3", traced), "traces")).toContain("aie.device(aie-trace-to-config,");
});

test("in March 2026 they are part of addresses; a design without traces has no step for them", async () => {
  expect(commandOf(await stepsFor("2026-03", traced), "traces")).toBeUndefined();
  expect(commandOf(await stepsFor("v1.3", "module {}\n"), "traces")).toBeUndefined();
});

test.each(["v1.1", "v1.2"] as const)("%s has no traces, and a design with one is refused", async (release) => {
  await expect(stepsFor(release, traced)).rejects.toThrow(
    "the design has aie.trace, which this mlir-aie does not know",
  );
});
