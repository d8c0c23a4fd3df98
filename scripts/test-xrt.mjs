// Tests of the `xrt` device: AMD's XRT as it is, over a driver and an array that are emulated. `make test-xrt`.
//
//   node scripts/test-xrt.mjs [--slow] [--sanitize] [--npu npu1|npu2] [NAME...] [-- VITEST_OPTION...]     names pick test files
//
// --slow: 100,000 launches, without growth of memory or handles, and the addon's cost beside the same program in C++.
// --sanitize: the addon is built with AddressSanitizer and UndefinedBehaviorSanitizer.
// --npu: of these tests on that generation alone; otherwise npu1, and the device suite and full ELFs on npu2 as well.
// Where XRT cannot be had (scripts/get-xrt.mjs) everything is skipped, counted, and the reason printed.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "./script-arguments.mjs";
import { failureLines, forgetSummary, skipLines, summaryOf, summaryReporters } from "./test-summary.mjs";
import { buildStack, root, runOnEmulatedMachine, sanitizerEnvironment, whyNoStack } from "./xrt-stack.mjs";

const { values, positionals } = parseArgs({
  options: { slow: { type: "boolean" }, sanitize: { type: "boolean" }, npu: { type: "string" } },
  allowPositionals: true,
});
const sanitize = values.sanitize ? "address,undefined" : undefined;
const reason = whyNoStack() ?? buildStack({ sanitize });
if (reason !== undefined) {
  console.log(
    `skipped all tests of the xrt device: ${reason}\n\n0 passed, 0 failed, ${testFiles().length} skipped (files)`,
  );
  process.exit(0);
}
const sanitizers = sanitize === undefined ? {} : sanitizerEnvironment();
const on = (generation) => ({
  ...sanitizers,
  sanitize,
  generation,
  env: { ...sanitizers.env, AIEKIT_NPU_GENERATION: generation },
});
if (values.slow) {
  for (const script of [["scripts/xrt-many-launches.mjs"], ["scripts/bench-xrt-overhead.mjs", "--inside", "--check"]]) {
    const code = await runOnEmulatedMachine("node", script, on(values.npu ?? "npu1"));
    if (code !== 0) process.exitCode = code;
  }
} else {
  const runs = [await testsOn(values.npu ?? "npu1", positionals)];
  // The other generation has other limits; what a device does is the same.
  if (values.npu === undefined && positionals.length === 0) {
    runs.push(await testsOn("npu2", ["xrt-conformance", "xrt-full-elf"]));
  }
  process.exitCode = tell(runs);
}

async function testsOn(generation, names) {
  forgetSummary();
  const config = ["--config", "scripts/vitest.xrt.config.ts"];
  const vitest = ["node_modules/vitest/vitest.mjs", "run", ...config, ...summaryReporters, ...names];
  const code = await runOnEmulatedMachine("node", vitest, on(generation));
  const { passed, failed, skipped, failures } = summaryOf("tests of the xrt device", code);
  return {
    ...{ generation, passed, failed },
    skipped: skipped.map((skip) => ({
      ...skip,
      file: `${generation}: ${skip.file}`,
      test: `${generation}: ${skip.test}`,
    })),
    failures: failures.map((failure) => ({ ...failure, test: `${generation}: ${failure.test}` })),
  };
}

/** Prints what there is to know at the end of a log, and gives the exit code. */
function tell(runs) {
  // Those that a pattern of names leaves out have no other reason.
  const isPicked = positionals.some((word) => /^(-t|--testNamePattern)/.test(word));
  const skipped = runs.flatMap((run) => run.skipped).filter(({ reason }) => reason || !isPicked);
  const withoutReason = skipped.filter(({ reason }) => !reason);
  const total = (count) => runs.reduce((sum, run) => sum + count(run), 0);
  const [passed, failed] = [total((run) => run.passed), total((run) => run.failed) + withoutReason.length];
  console.log("\n== summary");
  for (const run of runs) {
    console.log(
      `${run.failed === 0 ? "ok    " : "FAILED"} ${run.generation}: ${run.passed} passed, ${run.failed} failed`,
    );
  }
  for (const line of skipLines(skipped)) console.log(line);
  if (withoutReason.length > 0) console.log(`FAILED ${withoutReason.length} tests are skipped without a reason`);
  for (const line of failureLines(runs.flatMap((run) => run.failures))) console.log(line);
  console.log(`\n${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  return failed === 0 ? 0 : 1;
}

function testFiles() {
  const sources = ["host/src", "packages/cli/src"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }),
  );
  return sources.filter((name) => name.endsWith(".xrt.test.ts"));
}
