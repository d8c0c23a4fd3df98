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
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "scripts/vitest.xrt.config.ts", ...positionals];
const steps = values.slow
  ? [["scripts/xrt-many-launches.mjs"], ["scripts/bench-xrt-overhead.mjs", "--inside", "--check"]]
  : [vitest];
for (const step of steps) await run(step, values.npu ?? "npu1");
// The other generation has other limits; what a device does is the same.
if (!values.slow && values.npu === undefined && positionals.length === 0) {
  await run([...vitest, "xrt-conformance", "xrt-full-elf"], "npu2");
}

async function run(step, generation) {
  const code = await runOnEmulatedMachine("node", step, on(generation));
  if (code !== 0) process.exitCode = code;
}

function testFiles() {
  const sources = ["host/src", "packages/cli/src"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }),
  );
  return sources.filter((name) => name.endsWith(".xrt.test.ts"));
}
