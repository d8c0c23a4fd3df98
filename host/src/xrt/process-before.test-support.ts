import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { machineFolder } from "./xrt-bench.test-support.ts";

// Before each file of tests. Vitest starts a process for it while that of the file before still ends: its contexts, its
// commands that hang and its calls of the driver are on the machine until then.
const file = join(machineFolder, "tester");
const before = Number(readText(file));
while (before > 0 && before !== process.pid && isThere(before)) await setTimeout(10);
writeFileSync(file, String(process.pid));

/** Empty before the first. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
