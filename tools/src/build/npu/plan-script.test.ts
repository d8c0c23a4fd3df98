import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { registry } from "@aiekit/mlir";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type KernelProject, newKernelProject } from "../kernel-project.test-support.ts";
import { planKernel } from "../plan-kernel.ts";
import { deviceOnTarget } from "../request.ts";
import { type FakeTools, newFakeTools } from "./fake-tools.test-support.ts";

let tools: FakeTools;
let project: KernelProject;

beforeAll(async () => {
  // The script calls compiled code; the first start of the command line compiles what is stale.
  const entry = join(import.meta.dirname, "../../../../packages/cli/bin/aiekit.js");
  await promisify(execFile)(process.execPath, [entry, "--version"]);
  tools = await newFakeTools();
  project = await newKernelProject({ env: tools.env });
}, 120_000);
afterAll(async () => {
  await project.remove();
  await tools.remove();
});

test("the plan pasted into a shell makes, file by file, what the build makes", async () => {
  const request = { kernel: "mel", target: "npu1" } as const;
  const { script = "" } = await planKernel(request, { projectRoot: project.root, env: tools.env });

  const { status, stderr } = spawnSync("/bin/sh", { input: script, encoding: "utf8", cwd: tmpdir() });

  expect(stderr).toBe("");
  expect(status).toBe(0);
  const pasted = await project.files("xclbin/npu1/mel.prj");
  await project.build({ target: "npu1" }, { force: true, keep: true });
  const kept = await project.files("xclbin/npu1/mel.prj");
  // What the build keeps beside the files of the tools: logs, warnings, and comparisons that had nothing to say.
  const ofBuildAlone = /\.(?:log|json|difference\.txt)$/;
  expect(Object.keys(pasted).sort()).toEqual(
    Object.keys(kept)
      .filter((name) => !ofBuildAlone.test(name))
      .sort(),
  );
  for (const [name, content] of Object.entries(pasted)) expect(content, name).toEqual(kept[name]);
});

test("the script is the same wherever it is made, but for the folders of tools, project and program", async () => {
  const elsewhere = await newFakeTools();
  const other = await newKernelProject();
  try {
    const request = { kernel: "mel", target: "npu1" } as const;
    const [here, there] = await Promise.all([
      planKernel(request, { projectRoot: project.root, cacheRoot: project.at("empty"), env: tools.env }),
      planKernel(request, { projectRoot: other.root, env: elsewhere.env }),
    ]);
    const plain = (script: string | undefined, places: readonly string[]): string =>
      places.reduce((text, place, i) => text.replaceAll(place, `<${i}>`), script ?? "");

    expect(plain(here.script, [tools.root, project.root])).toBe(plain(there.script, [elsewhere.root, other.root]));
  } finally {
    await other.remove();
    await elsewhere.remove();
  }
});

test("a script for a machine without tools names them by their variables, which its shell fills in", async () => {
  const { script = "" } = await planKernel({ kernel: "mel", target: "npu1" }, { projectRoot: project.root });

  expect(script).toContain("# compile mel.o: needs clang++: not found; looked in $PEANO_INSTALL_DIR/bin (not set)");
  expect(script).toMatch(/^clang\+\+ kernels\/mel\/mel\.cc -c -o mel\.o "-I\$MLIR_AIE_INSTALL_DIR\/include" /m);
});

test.each(registry.map(({ name, device }) => [name, deviceOnTarget(device, "npu2")] as const))(
  "%s has a plan for npu2, on %s",
  async (kernel, device) => {
    const folder = await mkdtemp(join(tmpdir(), "aiekit-plan-"));
    try {
      const { steps, script } = await planKernel({ kernel, target: "npu2" }, { cacheRoot: folder });

      expect(script).toContain(`step design ${kernel} npu2 ${device} `.trimEnd());
      expect(steps.filter(({ name }) => name.startsWith("link core")).length).toBeGreaterThan(0);
      expect(await readdir(folder), "a plan writes nothing").toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

test("the program behind `step` refuses what it does not know", async () => {
  const program = join(import.meta.dirname, "../../../bin/own-step.js");
  expect(await readFile(program, "utf8")).toContain("own-step-program.js");

  const { status, stderr } = spawnSync(process.execPath, [program, "melt"], { encoding: "utf8" });

  expect(status).toBe(1);
  expect(stderr).toMatch(/^step melt: step: expected one of design, verify, lower, npu-to-binary, .*, got "melt"\n$/);
});
