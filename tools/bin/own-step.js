#!/usr/bin/env node
// One step of a build for hardware that needs no native tool: `step ...` in what `aiekit build --dry-run` prints.
import { runOwnStep } from "../dist/build/npu/own-step-program.js";

try {
  process.stdout.write(await runOwnStep(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`step ${process.argv[2] ?? ""}: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
