import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AbortedError, ToolError, ToolMissingError } from "@aiekit/core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type FoundPackagingTools, findPackagingTools } from "../../packaging/find-packaging-tools.ts";
import { packageOwn } from "../../packaging/own-packager.ts";
import { oneCore, sampleCdo, sampleRequest } from "../../packaging/sample-cdo.test-support.ts";
import { localToolEnvironment } from "../../toolchain/find-tools.ts";
import { checkFresh } from "../check-fresh.ts";
import { copyKernelProject, type KernelProject, newKernelProject } from "../kernel-project.test-support.ts";
import { planKernel } from "../plan-kernel.ts";
import { buildPackager } from "./build-packager.ts";
import { copyFakeTools, type FakeTools, newFakeTools } from "./fake-tools.test-support.ts";
import { scratchFolders } from "./scratch-folder.ts";

/** Holds mel for npu1 as the tools packed it; every test has a copy of it and of the tools. */
let builtProject: KernelProject;
let builtTools: FakeTools;
let project: KernelProject;
let tools: FakeTools;

beforeAll(async () => {
  // Pasted plans and the command line run compiled code; the first start compiles what is stale.
  spawnSync(process.execPath, [entry, "--version"]);
  builtTools = await newFakeTools();
  builtProject = await newKernelProject({ env: builtTools.env });
  await builtProject.build(request, { packager: "tools" });
}, 120_000);
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

const request = { kernel: "mel", target: "npu1" } as const;
const failure = (running: Promise<unknown>): Promise<Error> =>
  running.then(
    () => expect.unreachable("the build did not fail"),
    (error: Error) => error,
  );
const entry = join(import.meta.dirname, "../../../../packages/cli/bin/aiekit.js");
const plan = (options: Parameters<typeof planKernel>[1] = {}) =>
  planKernel(request, { projectRoot: project.root, env: tools.env, packager: "tools", ...options });

test("with --packager tools bootgen and xclbinutil pack, and the manifest says so with their versions and hashes", async () => {
  const { manifest } = await project.build(request, { packager: "tools" });

  expect((await tools.calls()).filter((call) => /^(bootgen|xclbinutil) /.test(call))).toEqual([
    "bootgen -arch versal -image main_design.bif -o main.pdi -w",
    "xclbinutil --add-replace-section MEM_TOPOLOGY:JSON:main_mem_topology.json --add-kernel main_kernels.json " +
      "--add-replace-section AIE_PARTITION:JSON:main_aie_partition.json --force --quiet --output final.xclbin",
  ]);
  expect(manifest.tools).toEqual(
    expect.arrayContaining([
      { name: "packager", version: "tools" },
      { name: "bootgen", version: "bootgen 2022.2", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { name: "xclbinutil", version: "xclbinutil 2.25.00", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]),
  );
});

test("who packs is part of what is built: nothing to do with the same, two steps with the other", async () => {
  expect((await project.build(request, { packager: "tools" })).fresh).toBe(true);

  const own = await project.build(request);
  expect(own.events[0]).toMatchObject({ reason: "packager changed: tools built it, this is own" });
  // The fake xclbinutil answers what our packager makes, so lint finds its inputs in the cache.
  expect(own.ran).toEqual(["pack", "pdi"]);

  const again = await project.build(request, { packager: "tools" });
  expect([again.fresh, again.ran]).toEqual([false, []]);
});

test("another version of this program packs again, by either packager: it writes what the tools are given", async () => {
  const scratch = scratchFolders(project.at("scratch"), project.at("failed"));
  const packaging = await findPackagingTools(localToolEnvironment(tools.env));
  const versions = async (found: FoundPackagingTools | undefined) =>
    (await buildPackager({ packaging: found, scratch, codeVersion: "code 7" })).versions;

  expect(await versions(undefined)).toEqual({ pdi: "own packager 1, code 7", xclbin: "own packager 1, code 7" });
  expect(await versions(packaging)).toEqual({
    pdi: "bootgen 2022.2, code 7",
    xclbin: "xclbinutil 2.25.00, code 7",
  });
});

test("another version of xclbinutil packs the xclbin again and leaves the PDI", async () => {
  await tools.update("xclbinutil", "XRT Build Version: 2.26.00, another");

  const { events, ran } = await project.build(request, { packager: "tools" });

  expect(events[0]).toMatchObject({
    reason: "xclbinutil changed: xclbinutil 2.25.00 built it, this is xclbinutil 2.26.00,",
  });
  expect(ran).toEqual(["pack"]);
});

test("an unchanged build starts neither tool, not even to ask for its version", async () => {
  const paths = ["mlir_aie/bin/bootgen", "xrt/bin/xclbinutil"].map((program) => join(tools.root, program));
  for (const path of paths) await utimes(path, 1000, 1000);
  await project.build(request, { packager: "tools" });
  for (const path of paths) {
    // As long and as old as before: what is kept of it still counts.
    await writeFile(path, "#!/bin/sh\ntouch $0.started\n".padEnd((await stat(path)).size, "#"));
    await utimes(path, 1000, 1000);
  }

  expect((await project.build(request, { packager: "tools" })).fresh).toBe(true);
  expect(paths.map((path) => existsSync(`${path}.started`))).toEqual([false, false]);
});

test("a missing bootgen stops the build before the PDI, says where it was looked for and what gets it", async () => {
  await tools.removeTool("bootgen");
  await appendFile(project.at("kernels/mel/mel.cc"), "\n");

  const error = await failure(project.build(request, { packager: "tools" }));

  expect(error).toBeInstanceOf(ToolMissingError);
  expect(error.message).toMatch(/stops after 26 of 29 steps, before\n {2}pdi: needs bootgen: not found; looked in /);
  expect(error.message).toContain(`$MLIR_AIE_INSTALL_DIR/bin = ${join(tools.root, "mlir_aie/bin")}`);
  expect(error.message).toContain("behind them: pack, lint");
  expect((error as ToolMissingError).hint).toContain("aiekit toolchain install mlir_aie, whose wheel has one");
  expect(Object.keys(await project.files("xclbin/npu1/mel.prj"))).toContain("main_aie_cdo_elfs.bin");
});

test("an xclbinutil that is too old stops the build behind the PDI", async () => {
  await tools.update("xclbinutil", "XRT Build Version: 2.13.466");

  const error = await failure(project.build(request, { packager: "tools", force: true }));

  expect(error.message).toMatch(/ {2}pack: needs xclbinutil: .*expected 2\.15 or later.*, got 2\.13/);
  expect(Object.keys(await project.files("xclbin/npu1/mel.prj"))).toContain("main.pdi");
});

test("a bootgen that does not even tell its version stops the build as one that is missing does", async () => {
  const path = join(tools.root, "mlir_aie/bin/bootgen");
  await writeFile(path, "#!/bin/sh\necho 'libssl.so.3: cannot open shared object file' >&2\nexit 127\n");

  const error = await failure(project.build(request, { packager: "tools", force: true }));

  expect(error.message).toContain(`pdi: needs bootgen: ${path} does not start or answer: libssl.so.3: cannot open`);
  expect((error as ToolMissingError).hint).toContain(`ldd ${path} shows a missing library`);
});

test("a build by the tools is not stale because they have gone, and nobody misses them without --packager tools", async () => {
  await tools.removeTool("bootgen");
  await tools.removeTool("xclbinutil");

  const state = await checkFresh(request, { projectRoot: project.root, env: tools.env, packager: "tools" });
  expect(state).toMatchObject({ fresh: true });
  expect((await project.build(request, { force: true })).fresh).toBe(false);
});

test("a bootgen that fails is an error with its words, its files, and a command that can be run there", async () => {
  await tools.fail("bootgen", { prints: "[ERROR]  : Cannot read empty file - main_aie_cdo_init.bin" });

  const error = await failure(project.build(request, { packager: "tools", force: true }));

  expect(error).toBeInstanceOf(ToolError);
  const { failure: run, hint } = error as ToolError;
  expect(hint).toContain("a CDO file is empty or damaged");
  expect(error.message).toContain("Cannot read empty file - main_aie_cdo_init.bin");
  const again = spawnSync("/bin/sh", ["-c", run.command], { encoding: "utf8" });
  expect(again.status).toBe(1);
  expect(again.stderr).toContain("Cannot read empty file");
  expect(await readdir(join(run.logPath ?? "", ".."))).toEqual(
    expect.arrayContaining(["main_aie_cdo_elfs.bin", "main_design.bif", "output.log"]),
  );
  expect(await readdir(project.at(".cache/scratch"))).toEqual([]);
});

test("a bootgen that reports success and packed something else is a failed step with its files", async () => {
  const other = await packageOwn(sampleRequest({ cdo: sampleCdo(oneCore) }));
  await tools.answer("main.pdi", other.pdi);

  const error = await failure(project.build(request, { packager: "tools", force: true }));

  expect(error.message).toMatch(/^pdi: pack main\.pdi: bootgen reported success, but command \d+: expected/);
  const folder = /\nfiles of the step: (.*)$/.exec(error.message)?.[1];
  expect(existsSync(join(folder ?? "", "main_design.bif"))).toBe(true);
});

test("a build stopped while bootgen runs leaves no part of a new one and no scratch", async () => {
  const path = join(tools.root, "mlir_aie/bin/bootgen");
  await writeFile(path, '#!/bin/sh\n[ $# = 0 ] && { echo "****** Xilinx Bootgen v2022.2"; exit 0; }\nexec sleep 60\n');
  const before = await project.files("xclbin");
  const controller = new AbortController();

  const error = await failure(
    project.build(request, {
      packager: "tools",
      force: true,
      signal: controller.signal,
      onEvent: (event) => {
        if (event.kind === "start" && event.step === "pdi") setTimeout(() => controller.abort(), 50);
      },
    }),
  );

  expect(error).toBeInstanceOf(AbortedError);
  expect(await project.files("xclbin")).toEqual(before);
  expect(await readdir(project.at(".cache/scratch"))).toEqual([]);
  expect(existsSync(project.at(".cache/failed"))).toBe(false);
});

test("the plan pasted into a shell makes the PDI and the xclbin that the build makes", async () => {
  const { script = "" } = await plan();

  const { status, stderr } = spawnSync("/bin/sh", { input: script, encoding: "utf8", cwd: tmpdir() });

  expect([status, stderr]).toEqual([0, ""]);
  const pasted = await project.files("xclbin/npu1/mel.prj");
  await project.build(request, { packager: "tools", keep: true });
  const kept = await project.files("xclbin/npu1/mel.prj");
  const inputs = ["main_design.bif", "main_mem_topology.json", "main_kernels.json", "main_aie_partition.json"];
  for (const name of [...inputs, "main.pdi", "final.xclbin", "lint.txt"]) {
    expect(pasted[name]?.length, name).toBeDefined();
    expect(pasted[name], name).toEqual(kept[name]);
  }
}, 60_000);

test.each(["own", "tools"] as const)(
  "the command line finds nothing wrong with what %s packed, and prints kernel, partition and registers of it",
  async (packager) => {
    await project.build(request, { packager });
    const xclbin = project.at("xclbin/npu1/mel/mel.xclbin");
    const aiekit = (...argv: string[]) => spawnSync(process.execPath, [entry, ...argv], { encoding: "utf8" });

    const insts = project.at("xclbin/npu1/mel/insts/frames_16.bin");
    const lint = aiekit("lint", xclbin, "--insts", insts, "--device", "npu1");
    expect([lint.stderr, lint.status]).toEqual(["", 0]);
    expect(lint.stdout).toMatch(/^mel\.xclbin: nothing found on npu1/);

    const inspect = aiekit("inspect", xclbin);
    expect([inspect.stderr, inspect.status]).toEqual(["", 0]);
    expect(inspect.stdout).toContain("MLIR_AIE");
    expect(inspect.stdout).toContain("partition: 1 column(s), may start at 1, 2, 3, 4");
    expect(inspect.stdout).toContain("Core_Control = 0x1: Enable");
    const whole = aiekit("inspect", xclbin, "--roundtrip");
    expect([whole.stdout, whole.status]).toEqual([expect.stringContaining("every part was encoded from"), 0]);
  },
  60_000,
);

test("a plan without bootgen says which step lacks it and names it as a shell finds it", async () => {
  await tools.removeTool("bootgen");

  const { script, steps } = await plan();

  expect(steps.find(({ name }) => name === "pdi")?.fate).toBe("lacks");
  expect(script).toContain("# pdi: needs bootgen: not found; looked in ");
  expect(script).toMatch(/^step bif -o main_design\.bif; bootgen -arch versal /m);
});
