import type { SuiteResult } from "../suites/suite-result.ts";

export interface ReportDocument {
  readonly format: "aiekit-validation";
  readonly formatVersion: 1;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly pass: boolean;
  readonly results: readonly SuiteResult[];
}

/** Results as one JSON document, indented, with a newline at the end. `createdAt` is the caller's clock. */
export function resultJson(results: readonly SuiteResult[], createdAt: Date): string {
  const document: ReportDocument = {
    format: "aiekit-validation",
    formatVersion: 1,
    createdAt: createdAt.toISOString(),
    pass: results.length > 0 && results.every((r) => r.pass),
    results,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
