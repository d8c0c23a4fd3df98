// Tests of the `xrt` device: AMD's XRT as it is, over a driver and an array that are emulated. `make test-xrt`.
//
//   node scripts/test-xrt.mjs [--slow] [--sanitize] [TEST...]     names of test files pick them
//
// Where XRT cannot be had (scripts/get-xrt.mjs) everything is skipped, and the reason printed.
import { parseArgs } from "node:util";
import { buildStack, runOnEmulatedMachine, whyNoStack } from "./xrt-stack.mjs";

const { values, positionals } = parseArgs({
  options: { slow: { type: "boolean" }, sanitize: { type: "boolean" } },
  allowPositionals: true,
});

const reason = whyNoStack();
if (reason !== undefined) {
  console.log(`skipped the tests of the xrt device: ${reason}`);
  process.exit(0);
}
const sanitize = values.sanitize ? "address,undefined" : undefined;
buildStack({ sanitize });
const code = await runOnEmulatedMachine(
  "node",
  ["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.xrt.config.ts", ...positionals],
  { sanitize },
);
process.exitCode = code;
