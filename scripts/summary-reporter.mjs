// A vitest reporter that keeps what the closing summary of `make test` and `make test-xrt` needs: counts, every skipped test
// with its reason, every failed one with its first lines, and the files that took longest.
import { mkdirSync, writeFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

const summaryFile = "build/test-summary.json";
// Of an error: enough for what was expected and what came, and no dump of a whole array.
const mostLines = 12;
const mostColumns = 200;

class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const summary = { passed: 0, failed: 0, skipped: [], failures: [] };
    const fail = (test, errors) => {
      summary.failed += 1;
      summary.failures.push({ test, lines: firstLines(errors[0]) });
    };
    for (const module of modules) {
      const file = module.relativeModuleId;
      if (module.errors().length > 0) fail(file, module.errors());
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) fail(`${file}: ${suite.fullName}`, suite.errors());
      }
      for (const test of module.children.allTests()) {
        const { state, note, errors } = test.result();
        const name = `${file}: ${test.fullName}`;
        if (state === "passed") summary.passed += 1;
        else if (state === "failed") fail(name, errors);
        else summary.skipped.push({ file, test: name, reason: note });
      }
    }
    for (const error of unhandledErrors) fail("outside of any test", [error]);
    const seconds = modules.map((module) => ({
      file: module.relativeModuleId,
      seconds: (module.diagnostic().collectDuration + module.diagnostic().duration) / 1000,
    }));
    summary.slowest = seconds.sort((a, b) => b.seconds - a.seconds).slice(0, 10);
    summary.seconds = seconds.reduce((sum, one) => sum + one.seconds, 0);
    mkdirSync("build", { recursive: true });
    writeFileSync(summaryFile, JSON.stringify(summary, null, 2));
  }
}

/** What an error says, the difference that it found, and where: without colours, at most so many lines and columns. */
function firstLines({ name = "Error", message, cause, diff, stack }) {
  const because = cause === undefined ? [] : [`caused by: ${cause?.message ?? cause}`];
  const said = plainLines([`${name}: ${message}`, ...because, ...(diff === undefined ? [] : [diff])].join("\n"));
  const places = plainLines(stack).filter((line) => /:\d+:\d+\)?$/.test(line) && !/node_modules|node:/.test(line));
  return [...said.slice(0, mostLines), ...places.slice(0, 1)].map((line) =>
    line.length > mostColumns ? `${line.slice(0, mostColumns)} ...` : line,
  );
}

function plainLines(text) {
  const plain = stripVTControlCharacters(text ?? "").replaceAll(`${process.cwd()}/`, "");
  return plain.split("\n").filter((line) => line.trim() !== "");
}

// Vitest loads a reporter by its default export.
export { SummaryReporter as default };
