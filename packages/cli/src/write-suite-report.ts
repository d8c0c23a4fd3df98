import { join } from "node:path";
import { htmlReport, junitXml, resultJson, type SuiteRun } from "@aiekit/validate";
import { expectWritable, writeOutput } from "./write-output.ts";

interface SuiteReportRequest {
  readonly run: SuiteRun;
  readonly folder: string;
  readonly cwd: string;
  readonly createdAt: Date;
}

/** @throws UsageError before a suite is run whose report could not be written. */
export async function expectReportFolder(folder: string, cwd: string): Promise<void> {
  await expectWritable(join(folder, "report.html"), cwd);
}

/** Writes report.html (pictures inline), report.json and report.xml (JUnit) into a folder; returns their paths. */
export async function writeSuiteReport({
  run,
  folder,
  cwd,
  createdAt,
}: SuiteReportRequest): Promise<readonly string[]> {
  const { result } = run;
  const files = {
    "report.html": htmlReport([run], { createdAt, title: `Validation of ${result.subject.kernel}` }),
    "report.json": resultJson([result], createdAt),
    "report.xml": junitXml([result]),
  };
  const paths: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await writeOutput(path, cwd, text);
    paths.push(path);
  }
  return paths;
}
