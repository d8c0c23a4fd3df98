import { createHash } from "node:crypto";
import { chmod, cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { localEnvironment } from "../../doctor/environment.ts";
import { hardwareToolChecks } from "../../doctor/hardware-tool-checks.ts";
import { findPackagingTools } from "../../packaging/find-packaging-tools.ts";
import { localToolEnvironment } from "../../toolchain/find-tools.ts";
import { currentFile, type Receipt, receiptFile } from "../../toolchain/installed-packages.ts";
import { type FakeTools, newFakeTools } from "./fake-tools.test-support.ts";
import { findHardwareTools, isFound, toolIdentities } from "./hardware-tools.ts";

let tools: FakeTools;
beforeEach(async () => {
  tools = await newFakeTools();
});
afterEach(() => tools.remove());

const find = (env: FakeTools["env"] = tools.env) => findHardwareTools(env, join(tools.root, "cache"));

const noAddon = async () => ({ loads: false, reason: "not looked for", cure: "none" }) as const;

test("tools are found by their variables, with versions, hashes of their files, release and headers", async () => {
  const found = await find();

  expect(found.release?.id).toBe("2026-03");
  const program = async (path: string, version: string) => {
    const bytes = await readFile(join(tools.root, path));
    return { version, sha256: createHash("sha256").update(bytes).digest("hex") };
  };
  const peano = "clang version 21.0.0 (llvm-aie c9c5ecb7)";
  expect(toolIdentities(found)).toEqual({
    "aie-opt": await program("mlir_aie/bin/aie-opt", "aie-opt 5ff2ab97d2dc"),
    "aie-translate": await program("mlir_aie/bin/aie-translate", "aie-translate 5ff2ab97d2dc"),
    clang: await program("llvm-aie/bin/clang", peano),
    "clang++": await program("llvm-aie/bin/clang++", peano),
    opt: await program("llvm-aie/bin/opt", peano),
    llc: await program("llvm-aie/bin/llc", peano),
    aie_api: { version: expect.stringMatching(/^[0-9a-f]{12}$/) },
  });
  expect(found.paths).toEqual({
    aieApiInclude: join(tools.root, "mlir_aie/include"),
    linker: join(tools.root, "llvm-aie/bin/ld.lld"),
  });
});

test("Peano stands beside mlir_aie where no variable names it, as wheels unpack", async () => {
  const { MLIR_AIE_INSTALL_DIR = "" } = tools.env;

  expect(isFound((await find({ MLIR_AIE_INSTALL_DIR })).programs.llc)).toBe(true);
});

/** What `aiekit toolchain install` leaves of a wheel with the fake tools in it. */
async function installed(name: string, folder: string): Promise<void> {
  const place = join(tools.root, "toolchain", name, "1.0.0");
  const receipt: Receipt = {
    ...{ name, version: "1.0.0", wheel: `${name}.whl`, sha256: "0".repeat(64), trust: "lock", source: "test" },
    ...{ installed: "2026-11-29T00:00:00Z", files: 1, bytes: 1 },
  };
  await mkdir(place, { recursive: true });
  await cp(join(tools.root, folder), join(place, folder), { recursive: true });
  await cp(join(tools.root, "answers"), join(place, "answers"), { recursive: true });
  await writeFile(join(place, receiptFile), JSON.stringify(receipt));
  await writeFile(join(tools.root, "toolchain", name, currentFile), "1.0.0\n");
}

test("tools in the private folder of aiekit toolchain install are found without any other variable", async () => {
  await installed("mlir_aie", "mlir_aie");
  await installed("llvm_aie", "llvm-aie");
  const env = { AIEKIT_TOOLCHAIN: join(tools.root, "toolchain") };

  const found = await find(env);
  const packaging = await findPackagingTools(localToolEnvironment(env));

  expect(Object.values(found.programs).filter((state) => !isFound(state))).toEqual([]);
  expect(found.release?.id).toBe("2026-03");
  const mlirAie = join(tools.root, "toolchain/mlir_aie/1.0.0/mlir_aie");
  expect(found.paths.aieApiInclude).toBe(join(mlirAie, "include"));
  expect(packaging.bootgen).toEqual({ program: join(mlirAie, "bin/bootgen"), version: "bootgen 2022.2" });
});

test("a missing tool is told with the places and the cure that doctor tells", async () => {
  const env = {
    AIEKIT_TOOLCHAIN: join(tools.root, "nothing"),
    VIRTUAL_ENV: join(tools.root, "venv"),
    PATH: "/nowhere",
  };
  const checks = await hardwareToolChecks(await localEnvironment(env, noAddon));
  const { programs } = await find(env);
  const packaging = await findPackagingTools(localToolEnvironment(env));

  const told = (name: string) => {
    const check = checks.find((candidate) => candidate.name === name);
    return [`not found; looked in ${check?.lookedIn.join(", ")}`, check?.cure];
  };
  for (const name of ["aie-opt", "aie-translate"] as const) {
    expect(programs[name]).toMatchObject({ reason: told(name)[0], cure: told(name)[1] });
  }
  expect(programs.llc).toMatchObject({ reason: told("Peano")[0], cure: told("Peano")[1] });
  expect([packaging.bootgen.missing?.message, packaging.bootgen.missing?.hint]).toEqual([
    `bootgen: ${told("bootgen")[0]}`,
    told("bootgen")[1],
  ]);
});

test("in an active virtual environment the wheels' folders are looked in, and PATH is for mlir-aie alone", async () => {
  const site = join(tools.root, "venv/lib/python3.12/site-packages");
  await cp(join(tools.root, "mlir_aie"), join(site, "mlir_aie"), { recursive: true });
  await cp(join(tools.root, "llvm-aie"), join(site, "llvm-aie"), { recursive: true });
  await cp(join(tools.root, "answers"), join(site, "answers"), { recursive: true });
  const path = ["mlir_aie/bin", "llvm-aie/bin"].map((folder) => join(tools.root, folder)).join(":");

  const inVenv = await find({ VIRTUAL_ENV: join(tools.root, "venv") });
  expect(inVenv.programs["aie-opt"]).toMatchObject({ path: join(site, "mlir_aie/bin/aie-opt") });
  expect(inVenv.programs.opt).toMatchObject({ path: join(site, "llvm-aie/bin/opt") });
  const onPath = await find({ PATH: path });
  expect(isFound(onPath.programs["aie-opt"])).toBe(true);
  expect(isFound(onPath.programs.opt)).toBe(false);
});

test("nothing is found without variables, and each tool says where it was looked for and how to get it", async () => {
  const { programs, aieApi, release } = await find({});

  expect(release).toBeUndefined();
  for (const state of [...Object.values(programs), aieApi]) {
    expect(state).toMatchObject({ reason: expect.stringContaining("looked in"), cure: expect.stringMatching(/\w/) });
  }
});

test("an llc without aie2 is not Peano's", async () => {
  await tools.update("llc", "LLVM version 16.0\n  Registered Targets:\n    x86-64");

  expect((await find()).programs.llc).toMatchObject({
    reason: expect.stringMatching(/has no aie2 target, so it is not Peano's$/),
  });
});

test.each(["clang", "clang++", "opt"] as const)("a system's own %s in Peano's folder is not used", async (tool) => {
  await tools.update(tool, "Debian clang version 14.0.6");

  expect((await find()).programs[tool]).toMatchObject({
    reason: expect.stringMatching(/ is of LLVM 14\.0\.6, .*llc of 21\.0\.0: they are not of one Peano$/),
    cure: expect.stringContaining("aiekit toolchain install llvm_aie"),
  });
  expect(isFound((await find()).programs.llc)).toBe(true);
});

test("a Peano outside of the lock's range is used with a warning", async () => {
  for (const tool of ["clang", "clang++", "opt", "llc"]) {
    await tools.update(tool, "LLVM version 99.0.0git\n  Registered Targets:\n    aie2 - AIE2");
  }

  const { programs, warnings } = await find();

  expect(Object.values(programs).every(isFound)).toBe(true);
  expect(warnings).toEqual([
    expect.stringMatching(/^Peano 99\.0\.0 \(.*llc\): the builds are written for 19\.0\.0 or newer, before 23\.0\.0$/),
  ]);
});

test("a tool that is not executable is missing, with its path, also where it was asked before", async () => {
  await find();
  const path = join(tools.root, "llvm-aie/bin/llc");
  await chmod(path, 0o644);

  expect((await find()).programs.llc).toMatchObject({
    reason: expect.stringContaining(`(${path} is not executable: chmod +x)`),
  });
});

test("an mlir-aie that is older than v1.1, and one that is none, are named with what is supported", async () => {
  await tools.answer("aie-translate.help", "  --aie-generate-cdo - About it\n");
  expect((await find()).programs["aie-opt"]).toMatchObject({
    reason: expect.stringContaining("older than mlir-aie v1.1"),
    cure: expect.stringContaining("mlir-aie v1.1 to v1.3"),
  });

  await tools.answer("aie-opt.help", "  --canonicalize - About it\n");
  await tools.update("aie-opt", "LLVM version 22.1.8, another build of it");
  expect((await find()).programs["aie-opt"]).toMatchObject({ reason: expect.stringContaining("none of the passes") });
});

test("a release outside the range is used with a warning", async () => {
  const newer = await newFakeTools({ release: "v1.4.2" });
  try {
    const found = await findHardwareTools(newer.env, join(newer.root, "cache"));

    expect(isFound(found.programs["aie-opt"])).toBe(true);
    expect(found.warnings).toEqual([
      expect.stringContaining("v1.4.2 or later is outside the supported range, mlir-aie v1.1 to v1.3"),
    ]);
  } finally {
    await newer.remove();
  }
});

test("a tool that does not start is missing, with its path", async () => {
  const program = join(tools.root, "mlir_aie/bin/aie-opt");
  await writeFile(program, "#!/nowhere/interpreter\n");
  await chmod(program, 0o755);

  expect((await find()).programs["aie-opt"]).toMatchObject({ reason: `${program} does not start or answer` });
});

test("tools are asked once: a second search answers from the memo, until a tool changes", async () => {
  await find();
  await tools.answer("aie-opt.help", "");
  expect((await find()).release?.id).toBe("2026-03");

  await tools.update("aie-opt", "aie-opt 0123456789ab, a longer line than before");
  expect((await find()).release).toBeUndefined();
});

test("a memo that is damaged is made anew", async () => {
  await find();
  const memo = join(tools.root, "cache/tool-facts.json");
  await writeFile(memo, '{"half');

  expect((await find()).release?.id).toBe("2026-03");
  expect(await readdir(join(tools.root, "cache"))).toEqual(["tool-facts.json"]);
});
