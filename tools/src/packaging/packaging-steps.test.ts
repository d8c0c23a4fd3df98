import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStepCache } from "../cache/step-cache.ts";
import { runSteps } from "../plan/run-steps.ts";
import type { BuildEvent, Step } from "../plan/step.ts";
import { ownPackager, packageOwn } from "./own-packager.ts";
import type { PackageRequest } from "./packager.ts";
import { packagingSteps } from "./packaging-steps.ts";
import { oneCore, sampleCdo, sampleRequest } from "./sample-cdo.test-support.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-packaging-"));
});
afterEach(() => rm(folder, { recursive: true }));

const pdi = { step: "pdi", output: "main.pdi" };
const xclbin = { step: "pack", output: "final.xclbin" };
const cdo = {
  elfs: { step: "cdo", output: "elfs" },
  init: { step: "cdo", output: "init" },
  enable: { step: "cdo", output: "enable" },
};

/** The two steps behind one that gives the request's CDO files. Tells which of them ran. */
async function run(request: PackageRequest, packager = ownPackager) {
  const source: Step = {
    ...{ name: "cdo", kind: "cdo", reads: [], command: "aie-translate", version: "1" },
    inputs: { cdo: JSON.stringify(Object.values(request.cdo).map((bytes) => [...bytes])) },
    run: () => new Map(Object.entries(request.cdo)),
  };
  const events: BuildEvent[] = [];
  const outputs = await runSteps([source, ...packagingSteps({ packager, request, cdo, pdi, xclbin })], {
    cache: openStepCache(folder),
    jobs: 2,
    onEvent: (event) => events.push(event),
  });
  return { outputs, ran: events.flatMap((event) => (event.kind === "done" ? [event.step] : [])) };
}

test("the two steps give what packageOwn gives", async () => {
  const { outputs } = await run(sampleRequest());

  const packed = await packageOwn(sampleRequest());
  expect(new Uint8Array(outputs.get(pdi))).toEqual(packed.pdi);
  expect(new Uint8Array(outputs.get(xclbin))).toEqual(packed.xclbin);
});

test.each<[string, Partial<PackageRequest>, string[]]>([
  ["nothing is changed", {}, []],
  ["the buffers are more", { bufferCount: 6 }, ["pack"]],
  ["the kernel has another name", { kernelName: "K" }, ["pack"]],
  ["the device is wider", { device: "npu1_2col" }, ["pack"]],
  ["the kernel id is another", { dpuKernelId: 0x902 }, ["pack"]],
  ["a program is another", { cdo: sampleCdo([{ ...oneCore[0]!, programWords: 7 }]) }, ["cdo", "pdi", "pack"]],
])("where %s, these steps run again: %s", async (_, change, steps) => {
  await run(sampleRequest());

  expect((await run(sampleRequest(change))).ran).toEqual(steps);
});

test("another version of the tool that packs the xclbin leaves the PDI cached", async () => {
  await run(sampleRequest());

  const newer = { ...ownPackager, versions: { ...ownPackager.versions, xclbin: "newer" } };
  expect((await run(sampleRequest(), newer)).ran).toEqual(["pack"]);
});

test("a refused configuration is an error of the step", async () => {
  const request = sampleRequest({ cdo: sampleCdo([{ col: 0, row: 2, programWords: 0 }]) });

  await expect(run(request)).rejects.toThrow(/^pdi: main_aie_cdo_enable.bin: enables cores without a program: \(0,2\)/);
});
