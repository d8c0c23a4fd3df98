import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readEnvironment } from "./environment.ts";
import { fixture, oneCoreDesign, type SimFolder, sendAndAwait, simFolder } from "./sim.test-support.ts";

// The program as a user starts it. Its first start compiles what is stale, which takes a while on a cold checkout.
const entry = join(import.meta.dirname, "..", "bin", "aiekit.js");
let folder: SimFolder;

beforeAll(async () => {
  folder = await simFolder();
  await promisify(execFile)(process.execPath, [entry, "--version"]);
}, 120_000);
afterAll(() => folder.remove());

async function exitCode(...argv: readonly string[]): Promise<number> {
  const options = { cwd: folder.path, env: { PATH: readEnvironment().variables.PATH } };
  try {
    await promisify(execFile)(process.execPath, [entry, "sim", ...argv], options);
    return 0;
  } catch (error) {
    return (error as { code: number }).code;
  }
}

test("exit codes of sim: 0 done, 2 no file for an argument, 3 text that does not parse, 4 no kernel, 5 deadlock", {
  timeout: 120_000,
}, async () => {
  const sequence = sendAndAwait.replace("[1, 1, 1, 32]", "[1, 1, 1, 16]");
  await folder.write("starve.mlir", oneCoreDesign({ work: "", sequence }));
  await folder.write("syntax.mlir", "module {");
  const files = ["--in", "zeros", "--out", "b.npy"];

  expect({
    done: await exitCode(fixture("core-scf-if.mlir"), ...files),
    noFile: await exitCode(fixture("core-scf-if.mlir")),
    noParse: await exitCode("syntax.mlir", ...files),
    noKernel: await exitCode(fixture("link-with-on-core-deprecated.mlir"), ...files),
    deadlock: await exitCode("starve.mlir", ...files),
  }).toEqual({ done: 0, noFile: 2, noParse: 3, noKernel: 4, deadlock: 5 });
});
