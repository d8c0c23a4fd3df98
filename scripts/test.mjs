// All checks of the project in one run, quick ones first, with one summary: `make test`.
// A step that fails does not hide the ones after it. Every skipped test must give its reason.
// With --slow, the long checks instead: `make test-slow`. With --tools, those against real packaging tools: `make test-tools`.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { $, cd } from "zx";
import { failureLines, forgetSummary, skipLines, summaryOf, summaryReporters } from "./test-summary.mjs";

cd(resolve(dirname(fileURLToPath(import.meta.url)), ".."));
forgetSummary();

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
  tests: ["vitest", "run", ...summaryReporters],
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
  results.push({ name, exitCode, ok: exitCode === 0, seconds: (Date.now() - started) / 1000 });
}

const ran = results.find((r) => r.name === "tests");
const tests =
  ran === undefined ? { passed: 0, failed: 0, skipped: [], failures: [] } : summaryOf(ran.name, ran.exitCode);
const withoutReason = tests.skipped.filter((s) => !s.reason);
console.log("\n== summary");
for (const { name, ok, seconds } of results)
  console.log(`${ok ? "ok    " : "FAILED"} ${name} (${seconds.toFixed(1)} s)`);
for (const line of slowestLines(tests)) console.log(line);
for (const line of skipLines(tests.skipped)) console.log(line);
if (withoutReason.length > 0) console.log(`FAILED ${withoutReason.length} tests are skipped without a reason`);

const checks = results.filter((r) => r.name !== "tests");
const passed = tests.passed + checks.filter((r) => r.ok).length;
const failed = tests.failed + withoutReason.length + checks.filter((r) => !r.ok).length;
for (const line of failureLines(tests.failures)) console.log(line);
console.log(`\n${passed} passed, ${failed} failed, ${tests.skipped.length} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

/** The files that took longest, with their imports, of all that the files took one after the other. */
function slowestLines({ slowest = [], seconds }) {
  if (slowest.length === 0) return [];
  const each = slowest.map((one) => `${one.file} ${one.seconds.toFixed(1)}`);
  return [`slowest test files, in s of ${seconds.toFixed(0)} s in all: ${each.join(", ")}`];
}
