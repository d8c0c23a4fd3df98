import { existsSync } from "node:fs";
import { appendFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AbortedError, BudgetError, parseManifest, ToolError, ToolMissingError } from "@aiekit/core";
import { WasmClang } from "@aiekit/wasm-clang";
import { decodeSimImage, decodeTxn, patchedArguments, readControlElf, readXclbin } from "@aiekit/xclbin";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { checkFresh } from "./check-fresh.ts";
import { copyKernelProject, type KernelProject, newKernelProject } from "./kernel-project.test-support.ts";
import { planKernel } from "./plan-kernel.ts";

let compiler: WasmClang;
/** The compiler's start and a compile take some seconds, and more where other tests run beside. */
const coldBuildMs = 60_000;
/** Holds one finished build of mel; every test has a copy of it. */
let built: KernelProject;
let project: KernelProject;

beforeAll(async () => {
  compiler = await WasmClang.open();
  built = await newKernelProject({ compiler });
  await built.build();
}, coldBuildMs);
afterAll(async () => {
  await built.remove();
  compiler.close();
});
beforeEach(async () => {
  project = await copyKernelProject(built, { compiler });
});
afterEach(() => project.remove());

const source = "kernels/mel/mel.cc";
const header = "kernels/tables/offsets.h";
const edit = (path: string, text = '\nextern "C" int edited() { return 1; }\n'): Promise<void> =>
  appendFile(project.at(path), text);
const failure = (build: Promise<unknown>): Promise<unknown> =>
  build.then(
    () => undefined,
    (error: unknown) => error,
  );

test("a build leaves design, lowered design, xclbin, one stream a sequence, and a manifest that describes them", async () => {
  const files = await project.files("xclbin/sim/mel");
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
  expect(manifest).toMatchObject({ kernel: "mel", target: "sim", device: "npu1_1col", params: { tiles: 1 } });
  expect(manifest.sequences.map((sequence) => sequence.args.map((arg) => arg.bytes))).toEqual([
    [(15 * 160 + 400) * 2, 16 * 80 * 2],
    [(127 * 160 + 400) * 2, 128 * 80 * 2],
    [(1023 * 160 + 400) * 2, 1024 * 80 * 2],
  ]);
  expect(manifest.inputs.map((input) => input.path)).toEqual(expect.arrayContaining([source, header]));
  expect(manifest.tools.map((tool) => tool.name)).toEqual(["aiekit", "clang", "node"]);
});

test("the xclbin's PDI slot holds the lowered design and a module for core (0,2) that exports its kernel", async () => {
  const files = await project.files("xclbin/sim/mel");

  const xclbin = readXclbin(files["mel.xclbin"]!, "mel.xclbin");
  const image = decodeSimImage(xclbin.partition?.pdis[0]?.image ?? new Uint8Array());
  expect(xclbin.kernels.map((kernel) => kernel.name)).toEqual(["MLIR_AIE"]);
  expect(xclbin.partition?.startColumns).toEqual([1, 2, 3, 4]);
  expect(image.loweredMlir).toBe(String(files["lowered.mlir"]));
  expect(image.cores).toEqual([{ col: 0, row: 2, module: 0 }]);
  const module = await WebAssembly.compile(new Uint8Array(image.modules[0]!));
  expect(WebAssembly.Module.exports(module).map((entry) => entry.name)).toContain("mel_frame_i16");
});

test("each instruction stream decodes and waits for its output", async () => {
  const files = await project.files("xclbin/sim/mel/insts");

  for (const [name, bytes] of Object.entries(files)) {
    expect(decodeTxn(bytes, name).ops.at(-1)?.op, name).toBe("sync");
  }
});

test("an unchanged kernel is not built: no step, no compiler, no design", async () => {
  const again = await project.build();

  expect(again.events).toEqual([{ kind: "fresh", kernel: "mel", durationMs: expect.any(Number) }]);
  expect(again.fresh).toBe(true);
});

test("a forced build runs every step, to the same bytes", async () => {
  const build = await project.build({}, { force: true });

  expect(build.cached).toEqual([]);
  expect(build.ran).toHaveLength(8);
  expect(await project.files("xclbin/sim")).toEqual(await built.files("xclbin/sim"));
});

test("equal inputs give equal bytes: a build from nothing elsewhere has the same files", async () => {
  const other = await newKernelProject({ compiler });
  try {
    const { ran } = await other.build();

    expect(ran).toContain("compile mel.o");
    expect(await other.files("xclbin/sim")).toEqual(await project.files("xclbin/sim"));
  } finally {
    await other.remove();
  }
});

test("an edited source compiles, links and packs again; design and streams come from the cache", async () => {
  await edit(source);

  const build = await project.build();

  expect(build.events[0]).toEqual({ kind: "stale", kernel: "mel", reason: `${source} changed` });
  expect(build.ran).toEqual(["compile mel.o", "link core (0,2)", "pack"]);
  expect(build.cached).toEqual(["insts frames_1024", "insts frames_128", "insts frames_16", "lower", "verify"]);
});

test("an edited header builds what includes it and nothing else", async () => {
  await edit(header, "\nconstexpr int kEdited = 1;\n");
  expect((await project.build()).ran[0]).toBe("compile mel.o");

  await edit("kernels/fft/fft.cc");
  expect((await project.build()).fresh).toBe(true);
});

test("an edit that is taken back is found in the cache", async () => {
  const before = await readFile(project.at(source));
  await edit(source);
  await project.build();
  await writeFile(project.at(source), before);

  const build = await project.build();

  expect(build.ran).toEqual([]);
  expect(await project.files("xclbin/sim")).toEqual(await built.files("xclbin/sim"));
});

test("another parameter has a folder of its own, links three cores and compiles nothing", async () => {
  const build = await project.build({ params: { tiles: "3" } });

  expect(build.manifestPath).toBe(project.at("xclbin/sim/mel-tiles=3/manifest.json"));
  expect(build.cached).toContain("compile mel.o");
  expect(build.ran.filter((step) => step.startsWith("link"))).toEqual([
    "link core (0,2)",
    "link core (0,3)",
    "link core (0,4)",
  ]);
  expect((await project.build({ params: { tiles: 3 } })).fresh).toBe(true);
  expect((await project.build()).fresh).toBe(true);
});

test("streams as ELFs, or one full ELF, are products of a build like others: named, hashed, and made again when damaged", async () => {
  const { manifest, manifestPath } = await project.build({ params: { instsFormat: "elf" } });
  const [sequence] = manifest.sequences;
  const folder = dirname(manifestPath);
  const [insts, elf] = await Promise.all(
    [sequence!.insts, sequence!.instsElf!].map(({ path }) => readFile(join(folder, path))),
  );
  const [code] = readControlElf(elf!).codes;

  expect(code!.text.length).toBe(insts!.length);
  expect(patchedArguments(code!)).toEqual([3, 4]);
  await writeFile(join(folder, sequence!.instsElf!.path), insts!);
  const again = await project.build({ params: { instsFormat: "elf" } });
  expect(again.events[0]).toMatchObject({ reason: `${sequence!.instsElf!.path} is damaged` });
  expect(await readFile(join(folder, sequence!.instsElf!.path))).toEqual(elf);

  const full = await project.build({ params: { instsFormat: "full-elf" } });
  const read = readControlElf(await readFile(join(dirname(full.manifestPath), full.manifest.fullElf!.path)));
  expect(read.codes.map(({ instance }) => instance)).toEqual(full.manifest.sequences.map(({ name }) => name).sort());
  expect(decodeSimImage(read.pdis[0]!.bytes, "PDI").device).toBe("npu1_1col");
  expect(read.columns).toBe(1);
});

test("a new file that an include finds before the old one makes the build stale", async () => {
  await mkdir(project.at("kernels/mel/tables"));
  await writeFile(project.at("kernels/mel/tables/offsets.h"), "constexpr short kOffsets[4] = {5, 6, 7, 8};\n");

  expect(await checkFresh({ kernel: "mel", target: "sim" }, { projectRoot: project.root })).toEqual({
    fresh: false,
    reason: "kernels/mel/tables/offsets.h was added",
    changed: [],
  });
});

test("a mistake in a kernel is reported by step, file and line, and the last good build stays", async () => {
  await edit(source, "\nint broken( { }\n");

  const error = await failure(project.build());

  expect(error).toBeInstanceOf(ToolError);
  expect((error as ToolError).message).toMatch(
    /compile kernels\/mel\/mel\.cc[\s\S]*kernels\/mel\/mel\.cc:\d+:\d+: error:/,
  );
  expect(await project.files("xclbin")).toEqual(await built.files("xclbin"));
});

test("statics that do not fit beside stack and buffers are a BudgetError of the core's link", async () => {
  await edit(source, '\nextern "C" { __attribute__((used)) volatile int too_big[16384]; }\n');

  const error = await failure(project.build());

  expect(error).toBeInstanceOf(BudgetError);
  expect((error as BudgetError).message).toMatch(/^link core \(0,2\): .*too_big/s);
});

test.each(["start", "done"] as const)(
  "a build stopped at any %s of a step leaves the last good build and no part of a new one",
  async (kind) => {
    await edit(source);
    const controller = new AbortController();
    const stopAt = (step: string): void => {
      if (step === "compile mel.o") controller.abort();
    };

    const error = await failure(
      project.build({}, { signal: controller.signal, onEvent: (event) => event.kind === kind && stopAt(event.step) }),
    );

    expect(error).toBeInstanceOf(AbortedError);
    expect(await project.files("xclbin")).toEqual(await built.files("xclbin"));
    expect(await readdir(project.at("xclbin/sim"))).toEqual(["mel"]);
  },
);

test("a dry run tells what an edit would run, and runs nothing", async () => {
  await edit(source);

  const plan = await planKernel({ kernel: "mel", target: "sim" }, { projectRoot: project.root, compiler });

  expect(plan.reason).toBe(`${source} changed`);
  const fates = Object.fromEntries(plan.steps.map((step) => [step.name, step.fate]));
  expect(fates).toMatchObject({
    lower: "cached",
    "compile mel.o": "runs",
    "link core (0,2)": "depends",
    pack: "depends",
  });
  expect(plan.steps.find((step) => step.name === "compile mel.o")?.command).toMatch(
    /^clang\+\+ .*-c kernels\/mel\/mel\.cc -o mel\.o$/,
  );
  expect(await project.files("xclbin")).toEqual(await built.files("xclbin"));
  expect((await project.build()).ran).toContain("compile mel.o");
});

test("without native tools a build for npu1 makes the streams, names where it stops and why, and leaves no build", async () => {
  const error = await failure(project.build({ target: "npu1" }));

  expect(error).toBeInstanceOf(ToolMissingError);
  expect((error as ToolMissingError).message).toMatch(
    /^build of mel for npu1 stops after 5 of 29 steps, before\n {2}compile mel\.o: needs clang\+\+: not found; looked in /,
  );
  expect((error as ToolMissingError).message).toContain("addresses: needs aie-opt: not found");
  expect((error as ToolMissingError).message).toContain("which need opt, llc, clang as well");
  expect((error as ToolMissingError).hint).toContain("aiekit doctor --target npu1");
  expect(existsSync(project.at("xclbin/npu1/mel"))).toBe(false);
  const made = await project.files("xclbin/npu1/mel.prj");
  for (const name of ["frames_16", "frames_128", "frames_1024"]) {
    expect(made[`insts/${name}.bin`], name).toEqual((await built.files("xclbin/sim/mel"))[`insts/${name}.bin`]);
  }
});
