// A vitest reporter that keeps what the closing summary of `make test` needs: counts, and every skipped test with its reason.
import { mkdirSync, writeFileSync } from "node:fs";

class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const summary = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) {
      if (module.errors().length > 0) summary.failed += 1;
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        if (state === "passed") summary.passed += 1;
        else if (state === "failed") summary.failed += 1;
        else summary.skipped.push({ test: `${module.relativeModuleId}: ${test.fullName}`, reason: note });
      }
    }
    mkdirSync("build", { recursive: true });
    writeFileSync("build/test-summary.json", JSON.stringify(summary, null, 2));
  }
}

// Vitest loads a reporter by its default export.
export { SummaryReporter as default };
