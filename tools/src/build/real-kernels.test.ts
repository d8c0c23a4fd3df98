import { decodeSimImage, readXclbin } from "@aiekit/xclbin";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type KernelProject, newRealKernelProject, type ObservedBuild } from "./kernel-project.test-support.ts";

/** The compiler's start and a compile take some seconds, and more where other tests run beside. */
const coldBuildMs = 60_000;
let project: KernelProject;
let build: ObservedBuild;

beforeAll(async () => {
  project = await newRealKernelProject();
  build = await project.build();
}, coldBuildMs);
afterAll(() => project.remove());

test("mel of this repository compiles without a warning, and its manifest names the aie_api headers it reached", () => {
  expect(build.warnings).toEqual([]);
  expect(build.manifest.inputs.map((input) => input.path)).toContain("packages/aie-api/include/aie_api/aie.hpp");
});

test("its module imports one page and exports what the core calls", async () => {
  const files = await project.files("xclbin/sim/mel");
  const { partition } = readXclbin(files["mel.xclbin"] ?? new Uint8Array());
  const { modules } = decodeSimImage(partition?.pdis[0]?.image ?? new Uint8Array());
  const module = await WebAssembly.compile(new Uint8Array(modules[0] ?? []));

  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const { exports } = await WebAssembly.instantiate(module, {
    env: { memory, aiekit_trap: () => {}, aiekit_event: () => {} },
  });
  expect(exports.mel_frame_i16).toBeInstanceOf(Function);
  expect(WebAssembly.Module.imports(module).filter((entry) => entry.kind === "memory")).toHaveLength(1);
});
