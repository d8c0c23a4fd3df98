import { readFile, rm, writeFile } from "node:fs/promises";
import { WasmClang } from "@aiekit/wasm-clang";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { checkFresh } from "./check-fresh.ts";
import { copyKernelProject, type KernelProject, newKernelProject } from "./kernel-project.test-support.ts";
import { planKernel } from "./plan-kernel.ts";

let compiler: WasmClang;
/** The compiler's start and a compile take some seconds, and more where other tests run beside. */
const coldBuildMs = 60_000;
let built: KernelProject;
let project: KernelProject;

beforeAll(async () => {
  compiler = await WasmClang.open();
  built = await newKernelProject({ compiler });
  await built.build(formats.elf);
  await built.build(formats.fullElf);
}, coldBuildMs);
afterAll(async () => {
  await built.remove();
  compiler.close();
});
beforeEach(async () => {
  project = await copyKernelProject(built, { compiler });
});
afterEach(() => project.remove());

const formats = {
  elf: { params: { instsFormat: "elf" } },
  fullElf: { params: { instsFormat: "full-elf" } },
};
const folders = { elf: "mel-instsFormat=elf", fullElf: "mel-instsFormat=full-elf" };
const hash = "[0-9a-f]{64}";

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at]! ^= 1;
  await writeFile(path, bytes);
}
const changes = (events: readonly { readonly kind: string; readonly what?: string }[]) =>
  events.flatMap(({ kind, what }) => (kind === "changed" ? [what] : []));

test(
  "one byte changed in any file of a build, at 40 places of each, is found and told by file",
  async () => {
    for (const format of ["elf", "fullElf"] as const) {
      const files = await project.files(`xclbin/sim/${folders[format]}`);
      expect(Object.keys(files).length).toBeGreaterThan(6);
      for (const [name, content] of Object.entries(files)) {
        const path = project.at(`xclbin/sim/${folders[format]}/${name}`);
        for (let i = 0; i < 40; i++) {
          const at = Math.floor((i * (content.length - 1)) / 39);
          await flip(path, at);

          const freshness = await checkFresh(
            { kernel: "mel", target: "sim", ...formats[format] },
            { projectRoot: project.root, compiler },
          );

          expect(freshness, `${name}, byte ${at}`).toMatchObject({ fresh: false, changed: [expect.anything()] });
          expect(freshness.fresh ? "" : freshness.changed[0]!.what).toContain(`${path}: `);
          await writeFile(path, content);
        }
      }
    }
  },
  coldBuildMs,
);

test("a changed xclbin is told with its hash then and now, made again from the cache, and its byte named", async () => {
  const path = project.at(`xclbin/sim/${folders.elf}/mel.xclbin`);
  await flip(path, 4000);

  const build = await project.build(formats.elf);

  expect(build.events[0]).toMatchObject({ reason: "mel.xclbin is damaged" });
  expect(changes(build.events)).toEqual([
    expect.stringMatching(`mel.xclbin: expected sha256 ${hash} .manifest.json., got ${hash}: it was changed after`),
  ]);
  expect(build.warnings).toEqual([
    expect.stringMatching(
      /^mel.xclbin: made again as it was; 1 byte had been changed, the first at 4000, byte \d+ of section AIE_PARTITION$/,
    ),
  ]);
  expect(build.ran).toEqual([]);
  expect(await project.files("xclbin/sim")).toEqual(await built.files("xclbin/sim"));
});

test("texts are told by their line, and every changed file is told", async () => {
  const folder = project.at(`xclbin/sim/${folders.elf}`);
  const lowered = await readFile(`${folder}/lowered.mlir`, "utf8");
  await flip(`${folder}/lowered.mlir`, lowered.indexOf("\n", lowered.indexOf("\n") + 1) + 1);
  await rm(`${folder}/insts/frames_16.bin`);

  const build = await project.build(formats.elf);

  expect(build.events[0]).toMatchObject({ reason: "lowered.mlir is damaged" });
  expect(changes(build.events)).toEqual([
    expect.stringMatching("lowered.mlir: expected sha256"),
    expect.stringMatching(/frames_16.bin: expected sha256 .*, it is not there$/),
  ]);
  expect(build.warnings).toEqual([expect.stringMatching(/the first at \d+, in line 3$/)]);
});

test("what somebody wrote into a product is told also where an edited source makes the build stale", async () => {
  await flip(project.at(`xclbin/sim/${folders.elf}/lowered.mlir`), 30);
  await writeFile(
    project.at("kernels/tables/offsets.h"),
    "#pragma once\nconstexpr short kOffsets[4] = {4, 3, 2, 1};\n",
  );

  const build = await project.build(formats.elf);

  expect(build.events[0]).toMatchObject({ reason: "kernels/tables/offsets.h changed" });
  expect(changes(build.events)).toEqual([expect.stringContaining("lowered.mlir: expected sha256")]);
});

test("a manifest that is cut off, and one with another number, are told with what they should be", async () => {
  const path = project.at(`xclbin/sim/${folders.elf}/manifest.json`);
  const text = await readFile(path, "utf8");

  await writeFile(path, text.slice(0, 500));
  expect(changes((await project.build(formats.elf)).events)).toEqual([
    expect.stringMatching(/manifest.json: expected a JSON manifest: .*, at character 500$/),
  ]);

  await writeFile(path, text.replace('"units": 16', '"units": 17'));
  expect(changes((await project.build(formats.elf)).events)).toEqual([
    expect.stringMatching(`manifest.json: sha256: expected ${hash} of this file's text, got ${hash}: it was changed`),
  ]);
  expect(await readFile(path, "utf8")).toBe(text);
});

test("a cache whose every entry is damaged is told entry by entry and built anew, to the same bytes", async () => {
  const entries = Object.keys(await project.files(".cache/steps"));
  for (const entry of entries) {
    const path = project.at(`.cache/steps/${entry}`);
    await flip(path, (await readFile(path)).length - 1);
  }
  await rm(project.at("xclbin"), { recursive: true });

  const build = await project.build(formats.elf);
  const full = await project.build(formats.fullElf);

  expect(build.cached).toEqual([]);
  expect(build.ran).toContain("compile mel.o");
  const told = [...changes(build.events), ...changes(full.events)];
  expect(told).toHaveLength(entries.length);
  expect(told[0]).toMatch(/\.cache\/steps\/.*: expected sha256 .*, got .*: the result of a step was changed/);
  expect(await project.files("xclbin/sim")).toEqual(await built.files("xclbin/sim"));
});

test("a dry run tells a changed product and leaves it", async () => {
  const path = project.at(`xclbin/sim/${folders.elf}/mel.xclbin`);
  await flip(path, 4000);
  const before = await readFile(path);
  const told: string[] = [];

  const plan = await planKernel(
    { kernel: "mel", target: "sim", ...formats.elf },
    {
      projectRoot: project.root,
      compiler,
      onEvent: (event) => event.kind === "changed" && told.push(event.what),
    },
  );

  expect(plan.reason).toBe("mel.xclbin is damaged");
  expect(told).toEqual([expect.stringContaining("mel.xclbin: expected sha256")]);
  expect(await readFile(path)).toEqual(before);
});
