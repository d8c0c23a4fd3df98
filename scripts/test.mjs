// All checks of the project in one run, quick ones first, with one summary: `make test`.
// A step that fails does not hide the ones after it. Every skipped test must give its reason.
// With --slow, the long checks instead: `make test-slow`. With --tools, those against real packaging tools: `make test-tools`.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { $, cd } from "zx";

cd(resolve(dirname(fileURLToPath(import.meta.url)), ".."));
const summaryFile = "build/test-summary.json";
rmSync(summaryFile, { force: true });

const slowSteps = {
  types: ["tsc", "-b"],
  "200,000 damaged designs": ["node", "scripts/fuzz-mlir.mjs", "--count", "200000"],
  "kernels by a second front end": ["node", "scripts/compile-kernels-strict.mjs"],
  "200,000 damaged files for each reader": ["node", "scripts/fuzz-binary.mjs", "--count", "200000"],
  "tests that take minutes": ["vitest", "run", "--config", "scripts/vitest.slow.config.ts"],
  "the skeleton of a new kernel": ["node", "scripts/try-new-kernel.mjs"],
  "mel on every clip": ["node", "packages/cli/bin/aiekit.js", "validate", "mel"],
  "mel on three tiles": ["node", "packages/cli/bin/aiekit.js", "validate", "mel", "--param", "tiles=3"],
  "a Whisper-tiny encoder layer": ["node", "packages/cli/bin/aiekit.js", "bench", "encoder-layer"],
  "matmul on every case": ["node", "packages/cli/bin/aiekit.js", "validate", "matmul"],
  "the same from 30 s of sound on": [
    "node",
    "packages/cli/bin/aiekit.js",
    "bench",
    "encoder-layer",
    "--param",
    "samples=480000",
  ],
  "conv1d on every case": ["node", "packages/cli/bin/aiekit.js", "validate", "conv1d"],
  ...Object.fromEntries(
    ["matmul", "attention", "add", "gelu", "softmax", "layernorm", "topk", "logmel", "fft"].map((kernel) => [
      `${kernel} on npu2`,
      [
        "node",
        "packages/cli/bin/aiekit.js",
        "validate",
        kernel,
        "--npu",
        "npu2",
        ...(kernel === "logmel" ? ["--clips", "8"] : []),
      ],
    ]),
  ),
  "benchmark table": ["node", "scripts/bench-kernels.mjs", "--check"],
  "fft on every signal": ["node", "packages/cli/bin/aiekit.js", "validate", "fft"],
};
const quickSteps = {
  "format and lint": ["biome", "check", "--error-on-warnings", "."],
  "direction of imports": ["node", "scripts/check-imports.mjs"],
  "licences of dependencies": ["node", "scripts/check-licences.mjs"],
  "links in the docs": ["node", "scripts/check-docs.mjs"],
  types: ["tsc", "-b"],
  "kernels for both compilers": ["node", "scripts/check-kernels.mjs"],
  "500 damaged files for each reader": ["node", "scripts/fuzz-binary.mjs", "--count", "500", "--seed", "1"],
  tests: ["vitest", "run", "--reporter=default", "--reporter=./scripts/summary-reporter.mjs"],
};
const toolSteps = {
  types: quickSteps.types,
  tests: [...quickSteps.tests, ".toolchain.test."],
};
process.env.PATH = `${resolve("node_modules/.bin")}:${process.env.PATH}`;

const slow = process.argv.includes("--slow");
const steps = slow ? slowSteps : process.argv.includes("--tools") ? toolSteps : quickSteps;
const results = [];
for (const [name, command] of Object.entries(steps)) {
  console.log(`\n== ${name}: ${command.join(" ")}`);
  const started = Date.now();
  const { exitCode } = await $({ nothrow: true, stdio: "inherit" })`${command}`;
  results.push({ name, ok: exitCode === 0, seconds: (Date.now() - started) / 1000 });
}

const tests = existsSync(summaryFile)
  ? JSON.parse(readFileSync(summaryFile, "utf8"))
  : { passed: 0, failed: slow ? 0 : 1, skipped: [] };
const withoutReason = tests.skipped.filter((s) => !s.reason);
console.log("\n== summary");
for (const { name, ok, seconds } of results)
  console.log(`${ok ? "ok    " : "FAILED"} ${name} (${seconds.toFixed(1)} s)`);
for (const line of slowestLines(tests)) console.log(line);
for (const line of skipLines(tests.skipped)) console.log(line);
if (withoutReason.length > 0) console.log(`FAILED ${withoutReason.length} tests are skipped without a reason`);

const checks = results.filter((r) => r.name !== "tests");
const passed = tests.passed + checks.filter((r) => r.ok).length;
// A run of the tests that broke without a failed test (a crash, a time limit) counts as one failure.
const crashed = results.some((r) => r.name === "tests" && !r.ok) && tests.failed === 0 ? 1 : 0;
const failed = tests.failed + crashed + withoutReason.length + checks.filter((r) => !r.ok).length;
console.log(`\n${passed} passed, ${failed} failed, ${tests.skipped.length} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

/** The files that took longest, with their imports, of all that the files took one after the other. */
function slowestLines({ slowest = [], seconds }) {
  if (slowest.length === 0) return [];
  const each = slowest.map((one) => `${one.file} ${one.seconds.toFixed(1)}`);
  return [`slowest test files, in s of ${seconds.toFixed(0)} s in all: ${each.join(", ")}`];
}

/** A line a test, or a line for the tests of a file that share a reason. */
function skipLines(skipped) {
  const groups = new Map();
  for (const skip of skipped) groups.set(keyOf(skip), [...(groups.get(keyOf(skip)) ?? []), skip]);
  return [...groups.values()].flatMap((group) => {
    const { test, reason = "NO REASON GIVEN" } = group[0];
    if (group.length > 3) return [`skipped ${group.length} tests of ${fileOf(test)}: ${reason}`];
    return group.map((skip) => `skipped ${skip.test}: ${reason}`);
  });
}

function keyOf({ test, reason }) {
  return `${fileOf(test)}: ${reason}`;
}

function fileOf(test) {
  return test.split(": ")[0];
}
