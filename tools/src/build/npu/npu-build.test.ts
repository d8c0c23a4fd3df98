import { existsSync } from "node:fs";
import { appendFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AbortedError, parseManifest, ToolMissingError } from "@aiekit/core";
import { buildPdi, readXclbin } from "@aiekit/xclbin";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type WatchOutcome, watchKernel } from "../../watch/watch-kernel.ts";
import { checkFresh } from "../check-fresh.ts";
import {
  copyKernelProject,
  type KernelProject,
  newKernelProject,
  type ObservedBuild,
} from "../kernel-project.test-support.ts";
import { planKernel } from "../plan-kernel.ts";
import { cdoBytes, coreCdoFiles } from "./cdo.test-support.ts";
import { coreElfBytes } from "./core-elf.test-support.ts";
import { copyFakeTools, type FakeTools, newFakeTools } from "./fake-tools.test-support.ts";

/** Holds a finished build of mel for npu1 with its tools; every test has a copy of both. */
let builtProject: KernelProject;
let builtTools: FakeTools;
let project: KernelProject;
let tools: FakeTools;

beforeAll(async () => {
  builtTools = await newFakeTools();
  builtProject = await newKernelProject({ env: builtTools.env });
  await builtProject.build({ target: "npu1" });
});
afterAll(async () => {
  await builtProject.remove();
  await builtTools.remove();
});
beforeEach(async () => {
  tools = await copyFakeTools(builtTools);
  project = await copyKernelProject(builtProject, { env: tools.env });
});
afterEach(async () => {
  await project.remove();
  await tools.remove();
});

/** Makes the build stale, and its kernel another object. */
async function edit(): Promise<void> {
  await appendFile(project.at("kernels/mel/mel.cc"), "\nint edited;\n");
  await tools.answer("mel.o", "another object");
}
const build = (options: Parameters<KernelProject["build"]>[1] = {}): Promise<ObservedBuild> =>
  project.build({ target: "npu1" }, options);
const failure = (running: Promise<unknown>): Promise<Error> =>
  running.then(
    () => expect.unreachable("the build did not fail"),
    (error: Error) => error,
  );
const fresh = (env: FakeTools["env"]) =>
  checkFresh({ kernel: "mel", target: "npu1" }, { projectRoot: project.root, env });

test("a build leaves design, routed design, xclbin, streams, and a manifest with the versions of the tools", async () => {
  const files = await project.files("xclbin/npu1/mel");
  const manifest = parseManifest(String(files["manifest.json"]), "manifest.json");

  expect(Object.keys(files).sort()).toEqual(
    [
      "design.mlir",
      "insts/frames_1024.bin",
      "insts/frames_128.bin",
      "insts/frames_16.bin",
      "lowered.mlir",
      "manifest.json",
      "mel.xclbin",
    ].sort(),
  );
  expect(manifest).toMatchObject({ target: "npu1", device: "npu1_1col", xclbinKernel: "MLIR_AIE" });
  expect(manifest.tools).toEqual(
    expect.arrayContaining([
      { name: "aie-opt", version: "aie-opt 5ff2ab97d2dc" },
      { name: "aie-translate", version: "aie-translate 5ff2ab97d2dc" },
      { name: "peano", version: "clang version 21.0.0 (llvm-aie c9c5ecb7)" },
      { name: "aie_api", version: expect.stringMatching(/^[0-9a-f]{12}$/) },
      { name: "insts", version: "tools" },
      { name: "packager", version: "own" },
    ]),
  );
  expect(manifest.inputs.map(({ path }) => path)).toEqual(["kernels/mel/mel.cc", "kernels/tables/offsets.h"]);
  expect(String(files["lowered.mlir"])).toContain("aie.switchbox");
});

test("the xclbin holds the PDI of the three CDO files, for one column that starts at 1 to 4", async () => {
  const files = await project.files("xclbin/npu1/mel");

  const xclbin = readXclbin(files["mel.xclbin"]!, "mel.xclbin");
  const cdo = coreCdoFiles([{ col: 0, row: 2 }]);
  const expected = buildPdi(
    (["elfs", "init", "enable"] as const).map((name) => ({ name, bytes: cdoBytes(cdo[name]) })),
  );
  expect(xclbin.partition).toMatchObject({ columnWidth: 1, startColumns: [1, 2, 3, 4] });
  expect(Buffer.from(xclbin.partition?.pdis[0]?.image ?? []).equals(Buffer.from(expected))).toBe(true);
});

test("an unchanged kernel is not built, and no tool is started, not even to ask for its version", async () => {
  const stamp = await tools.calls();

  const again = await build();

  expect(again.events).toEqual([{ kind: "fresh", kernel: "mel", durationMs: expect.any(Number) }]);
  expect(await tools.calls()).toEqual(stamp);
});

test("an edited kernel compiles, links, and packs again; lowering and streams come from the cache", async () => {
  await edit();

  const { ran } = await build();

  expect(ran).toEqual(["compile mel.o", "link core (0,2)"]);
});

test("an ELF that comes out another way reaches CDO, PDI and xclbin", async () => {
  await edit();
  await tools.answer("main_core_0_2.elf", coreElfBytes({ programBytes: 2048 }));
  const { init } = coreCdoFiles([{ col: 0, row: 2 }]);
  await tools.answer("main_aie_cdo_init.bin", cdoBytes([...init, { write: 0x0023f008, value: 5 }]));

  const { ran } = await build();

  expect(ran).toEqual(["cdo", "compile mel.o", "link core (0,2)", "lint", "pack", "pdi"]);
});

test("another version of aie-opt makes the build stale and runs its steps; those of Peano with equal inputs are cached", async () => {
  await tools.update("aie-opt", "aie-opt 601fc859532f");

  expect(await fresh(tools.env)).toEqual({
    fresh: false,
    reason: "aie-opt changed: aie-opt 5ff2ab97d2dc built it, this is aie-opt 601fc859532f",
  });
  expect((await build()).ran).toEqual(["addresses", "lower core (0,2)", "lower sequences", "route"]);
});

test("a changed header of aie_api compiles the kernels again", async () => {
  await writeFile(join(tools.root, "mlir_aie/include/aie_api/aie.hpp"), "// another\n");

  const { events, ran } = await build();

  expect(events[0]).toMatchObject({ reason: expect.stringMatching(/^aie_api changed: /) });
  expect(ran).toEqual(["compile mel.o"]);
});

test("a build is not stale because a tool, or all of them, have gone", async () => {
  expect(await fresh({})).toMatchObject({ fresh: true });

  await tools.removeTool("llc");
  expect(await fresh(tools.env)).toMatchObject({ fresh: true });

  await appendFile(project.at("kernels/mel/mel.cc"), "\n");
  expect(await fresh({})).toEqual({ fresh: false, reason: "kernels/mel/mel.cc changed" });
});

test("streams of our own instead of the tools' make another build", async () => {
  expect((await build({ insts: "own" })).events[0]).toMatchObject({
    reason: "insts changed: tools built it, this is own",
  });
  expect((await build({ insts: "own" })).fresh).toBe(true);
});

test("without Peano everything is made that takes no compiler, the tools' streams among it", async () => {
  for (const tool of ["clang", "clang++", "opt", "llc"]) await tools.removeTool(tool);
  await edit();

  const error = await failure(build());

  expect(error).toBeInstanceOf(ToolMissingError);
  expect(error.message).toMatch(/^build of mel for npu1 stops after \d+ of 29 steps, before\n/);
  expect(error.message).toContain("  compile mel.o: needs clang++: not found; looked in");
  expect(error.message).toContain("  optimize core (0,2): needs opt: not found; looked in");
  expect(error.message).toContain("behind them: compile core (0,2), link core (0,2), cdo and 3 more");
  const made = await project.files("xclbin/npu1/mel.prj");
  expect(Object.keys(made)).toEqual(
    expect.arrayContaining([
      "insts_frames_16.bin",
      "input_physical_with_elfs.mlir",
      "main_core_0_2.ld.script",
      "main_core_0_2.peanohack.ll",
    ]),
  );
  expect(made["insts_frames_16.bin"]).toEqual(made["insts/frames_16.bin"]);
  expect(await project.files("xclbin/npu1/mel")).toEqual(await builtProject.files("xclbin/npu1/mel"));
});

test("with Peano alone the kernels are compiled", async () => {
  await tools.removeTool("aie-opt");
  await tools.removeTool("aie-translate");
  await edit();

  const error = await failure(build());

  expect(error.message).toMatch(/addresses: needs aie-opt: not found; looked in .*mlir_aie\/bin/);
  expect(error.message).toContain("target: needs aie-translate");
  expect(await project.files("xclbin/npu1/mel.prj")).toMatchObject({ "mel.o": Buffer.from("another object") });
});

test("the folder that a stopped build leaves goes when a build comes through", async () => {
  await tools.removeTool("llc");
  await edit();
  await failure(build());
  expect(existsSync(project.at("xclbin/npu1/mel.prj"))).toBe(true);

  await tools.update("llc", "LLVM version 21.0.0\n  aie2 - AIE2");
  await build();

  expect(await readdir(project.at("xclbin/npu1"))).toEqual(["mel"]);
});

test("--keep leaves what every step made, under the names of aiecc's work folder, and runs nothing for it", async () => {
  const { ran, workFolder } = await build({ keep: true });

  expect(ran).toEqual([]);
  expect(workFolder).toBe(project.at("xclbin/npu1/mel.prj"));
  expect(Object.keys(await project.files("xclbin/npu1/mel.prj"))).toEqual(
    expect.arrayContaining([
      "design.mlir",
      "input_with_addresses.mlir",
      "input_physical.mlir",
      "input_physical_with_elfs.mlir",
      "main_core_0_2.opt.mlir",
      "main_core_0_2.ll",
      "main_core_0_2.peanohack.ll",
      "main_core_0_2.opt.ll",
      "main_core_0_2.o",
      "main_core_0_2.ld.script",
      "main_core_0_2.elf",
      "main_aie_cdo_elfs.bin",
      "main_aie_cdo_init.bin",
      "main_aie_cdo_enable.bin",
      "main.pdi",
      "npu_insts.mlir",
      "insts_frames_16.bin",
      "mel.o",
      "final.xclbin",
    ]),
  );
});

test("--keep leaves what a failed build made before it failed", async () => {
  await tools.fail("clang", { prints: "ld.lld: error: undefined symbol: mel_frame_i16" });
  await edit();

  await failure(build({ keep: true }));

  const kept = Object.keys(await project.files("xclbin/npu1/mel.prj"));
  expect(kept).toContain("main_core_0_2.o");
  expect(kept).not.toContain("main_core_0_2.elf");
});

test.each(["start", "done"] as const)(
  "a build stopped at the %s of a tool leaves no part of a new one and no scratch",
  async (kind) => {
    await appendFile(project.at("kernels/mel/mel.cc"), "\n");
    const controller = new AbortController();

    const error = await failure(
      build({
        signal: controller.signal,
        onEvent: (event) => {
          if (event.kind === kind && event.step === "compile mel.o") controller.abort();
        },
      }),
    );

    expect(error).toBeInstanceOf(AbortedError);
    expect(await project.files("xclbin")).toEqual(await builtProject.files("xclbin"));
    expect(await readdir(project.at(".cache/scratch")).catch(() => [])).toEqual([]);
  },
);

test("scratch folders of builds that were killed are removed by the next", async () => {
  const dead = project.at(".cache/scratch/999999999-0/input.mlir");
  await mkdir(join(dead, ".."), { recursive: true });
  await writeFile(dead, "");
  await edit();

  await build();

  expect(await readdir(project.at(".cache/scratch"))).toEqual([]);
});

test("a pipeline on three tiles has three ELFs, each by steps that do not wait for another core's", async () => {
  const three = await newFakeTools({ params: { tiles: 3 } });
  const other = await newKernelProject({ env: three.env });
  try {
    const { ran } = await other.build({ target: "npu1", params: { tiles: 3 } });

    for (const place of ["(0,2)", "(0,3)", "(0,4)"]) {
      expect(ran).toContain(`link core ${place}`);
      expect(ran).toContain(`lower core ${place}`);
    }
    const elfs = (await three.calls()).flatMap((call) => /^clang .*-o (\S+\.elf)$/.exec(call)?.[1] ?? []);
    expect(elfs.sort()).toEqual(["main_core_0_2.elf", "main_core_0_3.elf", "main_core_0_4.elf"]);
  } finally {
    await other.remove();
    await three.remove();
  }
});

test("equal inputs give equal bytes: a build elsewhere, with the tools elsewhere, has the same files", async () => {
  const elsewhere = await newFakeTools();
  const other = await newKernelProject({ env: elsewhere.env });
  try {
    await other.build({ target: "npu1" });

    expect(await other.files("xclbin")).toEqual(await builtProject.files("xclbin"));
  } finally {
    await other.remove();
    await elsewhere.remove();
  }
});

test("warnings of the tools come with the build, from the cache as well", async () => {
  const warning = "design.mlir:4:18: warning: Bank-aware allocation failed, trying basic sequential allocation.";
  await tools.fail("aie-opt", { prints: `${warning}\n`, exitCode: 0, when: "aie-assign-buffer-addresses" });

  expect((await build({ force: true })).warnings).toEqual([warning]);

  await appendFile(project.at("kernels/mel/mel.cc"), "\n");
  expect((await build()).warnings).toEqual([warning]);
});

test("a release outside the supported range builds with a warning", async () => {
  const newer = await newFakeTools({ release: "v1.4.2" });
  const other = await newKernelProject({ env: newer.env });
  try {
    const { warnings, manifest } = await other.build({ target: "npu1" });

    expect(warnings).toEqual([expect.stringContaining("outside the supported range, mlir-aie v1.1 to v1.3")]);
    expect(manifest.target).toBe("npu1");
  } finally {
    await other.remove();
    await newer.remove();
  }
});

test("a watch builds again when a kernel changes, without a compiler for the simulator", async () => {
  const outcomes: WatchOutcome[] = [];
  let next = (): void => undefined;
  const built = (): Promise<void> =>
    new Promise((resolve) => {
      next = resolve;
    });
  const first = built();
  const watch = await watchKernel(
    { kernel: "mel", target: "npu1" },
    {
      projectRoot: project.root,
      env: tools.env,
      onBuild: (outcome) => {
        outcomes.push(outcome);
        next();
      },
    },
  );
  try {
    await first;
    const second = built();
    await appendFile(project.at("kernels/mel/mel.cc"), "\nint edited;\n");
    await second;

    expect(outcomes).toMatchObject([
      { ok: true, result: { fresh: true } },
      { ok: true, result: { fresh: false } },
    ]);
  } finally {
    await watch.close();
  }
});

test("the plan says which step lacks a tool, and changes nothing", async () => {
  await tools.removeTool("llc");
  await appendFile(project.at("kernels/mel/mel.cc"), "\n");

  const plan = await planKernel({ kernel: "mel", target: "npu1" }, { projectRoot: project.root, env: tools.env });

  const fates = Object.fromEntries(plan.steps.map((step) => [step.name, step.fate]));
  expect(fates).toMatchObject({
    addresses: "cached",
    "compile mel.o": "runs",
    "optimize core (0,2)": "cached",
    "compile core (0,2)": "lacks",
    "link core (0,2)": "lacks",
  });
  expect(await project.files("xclbin")).toEqual(await builtProject.files("xclbin"));
});

test("a kernel for npu2 is built for as many columns of the other array", async () => {
  const strix = await newFakeTools({ target: "npu2" });
  const other = await newKernelProject({ env: strix.env });
  try {
    const { manifest, manifestPath } = await other.build({ target: "npu2" });

    expect(manifest.device).toBe("npu2_1col");
    expect(manifestPath).toBe(other.at("xclbin/npu2/mel/manifest.json"));
    expect((await strix.calls()).find((call) => call.startsWith("llc"))).toContain("--march=aie2p");
  } finally {
    await other.remove();
    await strix.remove();
  }
});
