// What closes `make test` and `make test-xrt`: counts, skipped tests with their reasons, and, last, what failed and how.
import { existsSync, readFileSync, rmSync } from "node:fs";

const summaryFile = "build/test-summary.json";
export const summaryReporters = ["--reporter=default", "--reporter=./scripts/summary-reporter.mjs"];
// The log says the rest.
const mostFailures = 40;

/** Before a run of vitest: a summary that lies there is of another run. */
export function forgetSummary() {
  rmSync(summaryFile, { force: true });
}

/**
 * What vitest's run left, by the code that it ended with; `run` names it. One that broke without a failed test, or without a
 * summary, counts as one failure.
 */
export function summaryOf(run, exitCode) {
  const isThere = existsSync(summaryFile);
  const empty = { passed: 0, failed: 0, skipped: [], failures: [] };
  const tests = isThere ? JSON.parse(readFileSync(summaryFile, "utf8")) : empty;
  if (tests.failed > 0 || (isThere && exitCode === 0)) return tests;
  const what = isThere ? "and no test failed" : "without a summary";
  const lines = [
    `vitest ended with exit code ${exitCode} ${what}: a crash, or stopped; see above what it printed last`,
  ];
  return { ...tests, failed: 1, failures: [{ test: run, lines }] };
}

/** A line a test, or a line for the tests of a file that share a reason. */
export function skipLines(skipped) {
  const groups = new Map();
  for (const skip of skipped) groups.set(keyOf(skip), [...(groups.get(keyOf(skip)) ?? []), skip]);
  return [...groups.values()].flatMap((group) => {
    const { file, reason = "NO REASON GIVEN" } = group[0];
    if (group.length > 3) return [`skipped ${group.length} tests of ${file}: ${reason}`];
    return group.map((skip) => `skipped ${skip.test}: ${reason}`);
  });
}

/** Each failed test with the first lines of its error. */
export function failureLines(failures) {
  const told = failures
    .slice(0, mostFailures)
    .flatMap(({ test, lines }) => [`FAILED ${test}`, ...lines.map((line) => `    ${line}`)]);
  const left = failures.length - mostFailures;
  return left > 0 ? [...told, `FAILED ${left} more`] : told;
}

function keyOf({ file, reason }) {
  return `${file}: ${reason}`;
}
