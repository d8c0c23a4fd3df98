import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type CliOutcome, runInProcess } from "../run-cli.test-support.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "aiekit-toolchain-"));
});
afterEach(() => rm(root, { recursive: true }));

function toolchain(...argv: string[]): Promise<CliOutcome> {
  const environment = { color: false, ci: true, clang: undefined, variables: { AIEKIT_TOOLCHAIN: root } };
  return runInProcess(["toolchain", ...argv], { environment });
}

test("an option of another action is refused by name", async () => {
  expect(await toolchain("list", "--force")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--force: an option of toolchain install, not of toolchain list"),
  });
  expect(await toolchain("install", "--downloads")).toMatchObject({ code: 2 });
});

test("a hash that is none and a wheel that is none are refused before any work", async () => {
  expect((await toolchain("install", "--sha256", "abc")).stderr).toContain("expected 64 hex digits");
  expect(await toolchain("install", "--wheel", "llvm.zip")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("llvm.zip: not the file name of a wheel"),
  });
});

test("a wheel that is not in the lock is refused with what makes it acceptable", async () => {
  const outcome = await toolchain("install", "--wheel", "llvm_aie-20.0.0-py3-none-any.whl", "--json");

  expect(outcome.code).toBe(2);
  expect(JSON.parse(outcome.stdout)).toMatchObject({
    error: { code: "usage", hint: expect.stringContaining("--trust-first-use") },
  });
});

test("list says what is pinned, with licences, also where nothing is installed", async () => {
  const { code, stdout } = await toolchain("list");
  expect(code).toBe(0);
  expect(stdout).toMatch(/mlir_aie +1\.\S+ +Apache-2\.0 WITH LLVM-exception/);

  const json = JSON.parse((await toolchain("list", "--json")).stdout);
  expect(json).toMatchObject({
    folder: root,
    installed: [],
    lock: { wheels: [{ name: "mlir_aie" }, { name: "llvm_aie" }] },
  });
});

test("path of a package that is not installed says how to install it", async () => {
  expect(await toolchain("path", "llvm_aie")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("aiekit toolchain install llvm_aie"),
  });
});
