// A vitest reporter that keeps what the closing summary of `make test` needs: counts, every skipped test with its reason, and
// the files that took longest.
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
    const seconds = modules.map((module) => ({
      file: module.relativeModuleId,
      seconds: (module.diagnostic().collectDuration + module.diagnostic().duration) / 1000,
    }));
    summary.slowest = seconds.sort((a, b) => b.seconds - a.seconds).slice(0, 10);
    summary.seconds = seconds.reduce((sum, one) => sum + one.seconds, 0);
    mkdirSync("build", { recursive: true });
    writeFileSync("build/test-summary.json", JSON.stringify(summary, null, 2));
  }
}

// Vitest loads a reporter by its default export.
export { SummaryReporter as default };
