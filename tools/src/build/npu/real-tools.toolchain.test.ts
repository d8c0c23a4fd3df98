import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ToolMissingError } from "@aiekit/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type KernelProject, newRealKernelProject } from "../kernel-project.test-support.ts";
import { findHardwareTools, type HardwareTools, isFound } from "./hardware-tools.ts";

// The real tools, where this machine has them.
const env = process.env;
let cache: string;
let tools: HardwareTools;
let project: KernelProject;

beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "aiekit-real-"));
  tools = await findHardwareTools(env, cache);
  project = await newRealKernelProject({ env });
});
afterAll(async () => {
  await project.remove();
  await rm(cache, { recursive: true });
});

/** Why a build cannot use the tools; undefined where it can. */
function lacking(names: readonly (keyof HardwareTools["programs"])[]): string | undefined {
  const missing = names.flatMap((name) => {
    const state = tools.programs[name];
    return isFound(state) ? [] : [`${state.tool}: ${state.reason}`];
  });
  return missing.length === 0 ? undefined : missing.join("; ");
}

test.for(["npu1", "npu2"] as const)(
  "the real mlir-aie makes the streams of mel for %s that this program makes",
  async (target, { skip }) => {
    const reason = lacking(["aie-opt", "aie-translate"]);
    skip(reason !== undefined, reason);

    const error = await project.build({ target }, { keep: true }).catch((thrown: unknown) => thrown);

    // Without Peano the build stops behind the streams.
    if (error instanceof Error) expect(error).toBeInstanceOf(ToolMissingError);
    const made = await project.files(`xclbin/${target}/mel.prj`);
    for (const name of ["frames_16", "frames_128", "frames_1024"]) {
      expect(made[`insts_${name}.bin`], name).toEqual(made[`insts/${name}.bin`]);
    }
  },
);

test.for(["npu1", "npu2"] as const)("mlir-aie and Peano build mel for %s to the end", async (target, { skip }) => {
  const reason = lacking(["aie-opt", "aie-translate", "clang", "clang++", "opt", "llc"]);
  skip(reason !== undefined, reason);

  const { manifest, warnings } = await project.build({ target });

  expect(manifest).toMatchObject({ kernel: "mel", target });
  expect(warnings.filter((warning) => warning.includes("aie-translate has"))).toEqual([]);
});
