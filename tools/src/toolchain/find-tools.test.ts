import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findTool, mlirAieRoot, requireTool, type ToolEnvironment, type ToolName } from "./find-tools.ts";
import { currentFile, type Receipt, receiptFile } from "./installed-packages.ts";
import { toolchainFolder } from "./toolchain-folder.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "aiekit-tools-"));
});
afterEach(() => rm(root, { recursive: true }));

const machine = (env: Record<string, string> = {}): ToolEnvironment => ({
  env: { PATH: join(root, "usr/bin"), ...env },
  systemRoot: root,
  toolchainFolder: join(root, "toolchain"),
});

async function file(path: string, content = ""): Promise<string> {
  const full = join(root, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, content, { mode: 0o755 });
  return full;
}

async function installed(name: string, version: string): Promise<void> {
  const receipt: Receipt = {
    name,
    version,
    wheel: `${name}-${version}.whl`,
    sha256: "0".repeat(64),
    trust: "lock",
    source: "test",
    installed: "2026-11-29T00:00:00Z",
    files: 1,
    bytes: 1,
  };
  await file(`toolchain/${name}/${version}/${receiptFile}`, JSON.stringify(receipt));
  await file(`toolchain/${name}/${currentFile}`, version);
}

const found = async (name: ToolName, environment: ToolEnvironment): Promise<string> => {
  const tool = await findTool(name, environment);
  return "path" in tool ? tool.path : `missing: ${tool.how}`;
};

test("aie-opt is taken from the variable, then the private folder, then a virtual environment, then PATH", async () => {
  const onPath = await file("usr/bin/aie-opt");
  expect(await found("aie-opt", machine())).toBe(onPath);

  const inVenv = await file("venv/lib/python3.12/site-packages/mlir_aie/bin/aie-opt");
  const env = { VIRTUAL_ENV: join(root, "venv") };
  expect(await found("aie-opt", machine(env))).toBe(inVenv);

  await installed("mlir_aie", "1.3.4");
  const inPrivateFolder = await file("toolchain/mlir_aie/1.3.4/mlir_aie/bin/aie-opt");
  expect(await found("aie-opt", machine(env))).toBe(inPrivateFolder);

  const byVariable = await file("own/bin/aie-opt");
  expect(await found("aie-opt", machine({ ...env, MLIR_AIE_INSTALL_DIR: join(root, "own") }))).toBe(byVariable);
});

test("of two installed versions the one that `current` names is used", async () => {
  await installed("llvm_aie", "21.0.0");
  await installed("llvm_aie", "22.0.0");
  await file("toolchain/llvm_aie/21.0.0/llvm-aie/bin/llc");
  await file("toolchain/llvm_aie/22.0.0/llvm-aie/bin/llc");
  await file(`toolchain/llvm_aie/${currentFile}`, "21.0.0\n");

  expect(await found("llc", machine())).toBe(join(root, "toolchain/llvm_aie/21.0.0/llvm-aie/bin/llc"));
});

test("a `current` that leads out of the private folder is not followed", async () => {
  await installed("llvm_aie", "21.0.0");
  await file("outside/llvm-aie/bin/llc");
  await file(`toolchain/llvm_aie/${currentFile}`, "../../outside");

  expect(await findTool("llc", machine())).toMatchObject({ missing: "llc" });
});

test("Peano's llc, opt and clang are never taken from PATH, but beside MLIR_AIE_INSTALL_DIR", async () => {
  for (const name of ["llc", "opt", "clang"]) await file(`usr/bin/${name}`);
  expect(await findTool("llc", machine())).toMatchObject({ missing: "llc" });

  const beside = await file("site/llvm-aie/bin/opt");
  expect(await found("opt", machine({ MLIR_AIE_INSTALL_DIR: join(root, "site/mlir_aie") }))).toBe(beside);
});

test("xclbinutil is looked for in XILINX_XRT, /opt/xilinx/xrt and on PATH", async () => {
  await file("usr/bin/xclbinutil");
  const inOpt = await file("opt/xilinx/xrt/bin/xclbinutil");
  expect(await found("xclbinutil", machine())).toBe(inOpt);

  const byVariable = await file("xrt/bin/xclbinutil");
  expect(await found("xclbinutil", machine({ XILINX_XRT: join(root, "xrt") }))).toBe(byVariable);
});

test("the version is the wheel's, read from the dist-info beside the package", async () => {
  await file("site/mlir_aie/bin/aie-opt");
  await file("site/mlir_aie-1.3.4.dist-info/METADATA", "Metadata-Version: 2.1\nName: mlir_aie\nVersion: 1.3.4\n");

  const tool = await findTool("aie-opt", machine({ MLIR_AIE_INSTALL_DIR: join(root, "site/mlir_aie") }));

  expect(tool).toEqual({
    path: join(root, "site/mlir_aie/bin/aie-opt"),
    version: "1.3.4",
    from: `$MLIR_AIE_INSTALL_DIR/bin = ${join(root, "site/mlir_aie/bin")}`,
    package: "mlir_aie",
    how: expect.stringContaining("aiekit toolchain install"),
  });
});

test("without a home and a variable the private folder is said to be unknown", async () => {
  const tool = await findTool("llc", { ...machine(), toolchainFolder: undefined });

  expect(tool).toMatchObject({
    missing: "llc",
    lookedIn: expect.arrayContaining(["$AIEKIT_TOOLCHAIN and $HOME (not set)"]),
  });
});

test("a missing tool names every place in order and the command that gets it", async () => {
  expect(await findTool("llc", machine())).toEqual({
    missing: "llc",
    lookedIn: [
      "$PEANO_INSTALL_DIR/bin (not set)",
      "$MLIR_AIE_INSTALL_DIR/../llvm-aie/bin (not set)",
      `${join(root, "toolchain/llvm_aie")} (nothing installed; $AIEKIT_TOOLCHAIN)`,
      "$VIRTUAL_ENV (not set)",
    ],
    how: expect.stringContaining("aiekit toolchain install llvm_aie"),
  });
  await expect(requireTool("llc", machine())).rejects.toMatchObject({
    code: "tool-missing",
    hint: expect.stringContaining("PEANO_INSTALL_DIR"),
  });
});

test("the root of mlir_aie is the folder with include/aie_api, and none for an aie-opt that stands alone", async () => {
  const path = await file("site/mlir_aie/bin/aie-opt");
  expect(await mlirAieRoot({ path })).toBeUndefined();

  await file("site/mlir_aie/include/aie_api/aie.hpp");
  expect(await mlirAieRoot({ path })).toBe(join(root, "site/mlir_aie"));
});

test("the private folder follows AIEKIT_TOOLCHAIN, then the platform's cache folder", () => {
  expect(toolchainFolder({ AIEKIT_TOOLCHAIN: "/own", HOME: "/home/a" }, "linux")).toBe("/own");
  expect(toolchainFolder({ XDG_CACHE_HOME: "/cache", HOME: "/home/a" }, "linux")).toBe("/cache/aiekit/toolchain");
  expect(toolchainFolder({ HOME: "/home/a" }, "linux")).toBe("/home/a/.cache/aiekit/toolchain");
  expect(toolchainFolder({}, "linux")).toBeUndefined();
  expect(toolchainFolder({ HOME: "/Users/a" }, "darwin")).toBe("/Users/a/Library/Caches/aiekit/toolchain");
});

test("a file that is not executable is passed over for the next place, and told where there is none", async () => {
  await file("first/bin/aie-opt", "");
  await chmod(join(root, "first/bin/aie-opt"), 0o644);
  const env = { MLIR_AIE_INSTALL_DIR: join(root, "first") };

  expect(await findTool("aie-opt", machine(env))).toMatchObject({
    lookedIn: expect.arrayContaining([expect.stringContaining("first/bin/aie-opt is not executable: chmod +x)")]),
  });
  await file("second/aie-opt", "");
  expect(await findTool("aie-opt", machine({ ...env, PATH: join(root, "second") }))).toMatchObject({
    path: join(root, "second/aie-opt"),
  });
});
