import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseManifest } from "@aiekit/core";
import { buildPdi, readXclbin } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { type WatchOutcome, watchKernel } from "../../watch/watch-kernel.ts";
import { checkFresh } from "../check-fresh.ts";
import { newKernelProject } from "../kernel-project.test-support.ts";
import { planKernel } from "../plan-kernel.ts";
import { builtMelForEachTest } from "./built-mel.test-support.ts";
import { cdoBytes, coreCdoFiles } from "./cdo.test-support.ts";
import { coreElfBytes } from "./core-elf.test-support.ts";
import { type FakeTools, newFakeTools } from "./fake-tools.test-support.ts";

const mel = builtMelForEachTest();

const fresh = (env: FakeTools["env"]) =>
  checkFresh({ kernel: "mel", target: "npu1" }, { projectRoot: mel.project.root, env });

test("a build leaves design, routed design, xclbin, streams, and a manifest with the versions of the tools", async () => {
  const files = await mel.project.files("xclbin/npu1/mel");
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
  const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);
  const peano = "clang version 21.0.0 (llvm-aie c9c5ecb7)";
  expect(manifest.tools).toEqual(
    expect.arrayContaining([
      { name: "aie-opt", version: "aie-opt 5ff2ab97d2dc", sha256 },
      { name: "aie-translate", version: "aie-translate 5ff2ab97d2dc", sha256 },
      ...["clang", "clang++", "opt", "llc"].map((name) => ({ name, version: peano, sha256 })),
      { name: "aie_api", version: expect.stringMatching(/^[0-9a-f]{12}$/) },
      { name: "insts", version: "tools" },
      { name: "packager", version: "own" },
    ]),
  );
  expect(manifest.inputs.map(({ path }) => path)).toEqual(["kernels/mel/mel.cc", "kernels/tables/offsets.h"]);
  expect(String(files["lowered.mlir"])).toContain("aie.switchbox");
});

test("the xclbin holds the PDI of the three CDO files, for one column that starts at 1 to 4", async () => {
  const files = await mel.project.files("xclbin/npu1/mel");

  const xclbin = readXclbin(files["mel.xclbin"]!, "mel.xclbin");
  const cdo = coreCdoFiles([{ col: 0, row: 2 }]);
  const expected = buildPdi(
    (["elfs", "init", "enable"] as const).map((name) => ({ name, bytes: cdoBytes(cdo[name]) })),
  );
  expect(xclbin.partition).toMatchObject({ columnWidth: 1, startColumns: [1, 2, 3, 4] });
  expect(Buffer.from(xclbin.partition?.pdis[0]?.image ?? []).equals(Buffer.from(expected))).toBe(true);
});

test("an unchanged kernel is not built, and no tool is started, not even to ask for its version", async () => {
  const stamp = await mel.tools.calls();

  const again = await mel.build();

  expect(again.events).toEqual([{ kind: "fresh", kernel: "mel", durationMs: expect.any(Number) }]);
  expect(await mel.tools.calls()).toEqual(stamp);
});

test("an edited kernel compiles, links, and packs again; lowering and streams come from the cache", async () => {
  await mel.edit();

  const { ran } = await mel.build();

  expect(ran).toEqual(["compile mel.o", "link core (0,2)"]);
});

test("an ELF that comes out another way reaches CDO, PDI and xclbin", async () => {
  await mel.edit();
  await mel.tools.answer("main_core_0_2.elf", coreElfBytes({ programBytes: 2048 }));
  const { init } = coreCdoFiles([{ col: 0, row: 2 }]);
  await mel.tools.answer("main_aie_cdo_init.bin", cdoBytes([...init, { write: 0x0023f008, value: 5 }]));

  const { ran } = await mel.build();

  expect(ran).toEqual(["cdo", "compile mel.o", "link core (0,2)", "lint", "pack", "pdi"]);
});

test("another version of aie-opt makes the build stale and runs its steps; those of Peano with equal inputs are cached", async () => {
  await mel.tools.update("aie-opt", "aie-opt 601fc859532f");

  expect(await fresh(mel.tools.env)).toMatchObject({
    fresh: false,
    reason: "aie-opt changed: aie-opt 5ff2ab97d2dc built it, this is aie-opt 601fc859532f",
  });
  expect((await mel.build()).ran).toEqual(["addresses", "lower core (0,2)", "lower sequences", "route"]);
});

test("a tool of the same version whose file is another one makes the build stale and runs its steps", async () => {
  await appendFile(join(mel.tools.root, "llvm-aie/bin/llc"), "# built anew\n");

  expect(await fresh(mel.tools.env)).toMatchObject({
    fresh: false,
    reason: "llc changed: clang version 21.0.0 (llvm-aie c9c5ecb7) as well, but another file",
  });
  expect((await mel.build()).ran).toEqual(["compile core (0,2)"]);
});

test("a changed header of aie_api compiles the kernels again", async () => {
  await writeFile(join(mel.tools.root, "mlir_aie/include/aie_api/aie.hpp"), "// another\n");

  const { events, ran } = await mel.build();

  expect(events[0]).toMatchObject({ reason: expect.stringMatching(/^aie_api changed: /) });
  expect(ran).toEqual(["compile mel.o"]);
});

test("a build is not stale because a tool, or all of them, have gone", async () => {
  expect(await fresh({})).toMatchObject({ fresh: true });

  await mel.tools.removeTool("llc");
  expect(await fresh(mel.tools.env)).toMatchObject({ fresh: true });

  await appendFile(mel.project.at("kernels/mel/mel.cc"), "\n");
  expect(await fresh({})).toMatchObject({ fresh: false, reason: "kernels/mel/mel.cc changed" });
});

test("streams of our own instead of the tools' make another build", async () => {
  expect((await mel.build({ insts: "own" })).events[0]).toMatchObject({
    reason: "insts changed: tools built it, this is own",
  });
  expect((await mel.build({ insts: "own" })).fresh).toBe(true);
});

test("--keep leaves what every step made, under the names of aiecc's work folder, and runs nothing for it", async () => {
  const { ran, workFolder } = await mel.build({ keep: true });

  expect(ran).toEqual([]);
  expect(workFolder).toBe(mel.project.at("xclbin/npu1/mel.prj"));
  expect(Object.keys(await mel.project.files("xclbin/npu1/mel.prj"))).toEqual(
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

    expect(await other.files("xclbin")).toEqual(await mel.original.files("xclbin"));
  } finally {
    await other.remove();
    await elsewhere.remove();
  }
});

test("warnings of the tools come with the build, from the cache as well", async () => {
  const warning = "design.mlir:4:18: warning: Bank-aware allocation failed, trying basic sequential allocation.";
  await mel.tools.fail("aie-opt", { prints: `${warning}\n`, exitCode: 0, when: "aie-assign-buffer-addresses" });

  expect((await mel.build({ force: true })).warnings).toEqual([warning]);

  await appendFile(mel.project.at("kernels/mel/mel.cc"), "\n");
  expect((await mel.build()).warnings).toEqual([warning]);
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
      projectRoot: mel.project.root,
      env: mel.tools.env,
      onBuild: (outcome) => {
        outcomes.push(outcome);
        next();
      },
    },
  );
  try {
    await first;
    const second = built();
    await appendFile(mel.project.at("kernels/mel/mel.cc"), "\nint edited;\n");
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
  await mel.tools.removeTool("llc");
  await appendFile(mel.project.at("kernels/mel/mel.cc"), "\n");

  const plan = await planKernel(
    { kernel: "mel", target: "npu1" },
    { projectRoot: mel.project.root, env: mel.tools.env },
  );

  const fates = Object.fromEntries(plan.steps.map((step) => [step.name, step.fate]));
  expect(fates).toMatchObject({
    addresses: "cached",
    "compile mel.o": "runs",
    "optimize core (0,2)": "cached",
    "compile core (0,2)": "lacks",
    "link core (0,2)": "lacks",
  });
  expect(await mel.project.files("xclbin")).toEqual(await mel.original.files("xclbin"));
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
