// All checks of the project in one run, quick ones first, with one summary: `make test`.
// A step that fails does not hide the ones after it. Every skipped test must give its reason.
// With --slow, the long checks instead: `make test-slow`.
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
  "tests that take minutes": ["vitest", "run", "--config", "vitest.slow.config.ts"],
  "the skeleton of a new kernel": ["node", "scripts/try-new-kernel.mjs"],
  "mel on every clip": ["node", "packages/cli/bin/aiekit.js", "validate", "mel"],
  "mel on three tiles": ["node", "packages/cli/bin/aiekit.js", "validate", "mel", "--param", "tiles=3"],
  "a Whisper-tiny encoder layer": ["node", "packages/cli/bin/aiekit.js", "bench", "encoder-layer"],
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
  tests: ["vitest", "run", "--reporter=default", "--reporter=./scripts/summary-reporter.mjs"],
};
process.env.PATH = `${resolve("node_modules/.bin")}:${process.env.PATH}`;

const slow = process.argv.includes("--slow");
const results = [];
for (const [name, command] of Object.entries(slow ? slowSteps : quickSteps)) {
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
for (const { test, reason } of tests.skipped) console.log(`skipped ${test}: ${reason ?? "NO REASON GIVEN"}`);
if (withoutReason.length > 0) console.log(`FAILED ${withoutReason.length} tests are skipped without a reason`);

const checks = results.filter((r) => r.name !== "tests");
const passed = tests.passed + checks.filter((r) => r.ok).length;
// A run of the tests that broke without a failed test (a crash, a time limit) counts as one failure.
const crashed = results.some((r) => r.name === "tests" && !r.ok) && tests.failed === 0 ? 1 : 0;
const failed = tests.failed + crashed + withoutReason.length + checks.filter((r) => !r.ok).length;
console.log(`\n${passed} passed, ${failed} failed, ${tests.skipped.length} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
