import { expect, test } from "vitest";
import { compileLimitMs } from "./compile-limit.test-support.ts";
import { runInProcess } from "./run-cli.test-support.ts";

/** Two builds. */
const buildsMs = 2 * compileLimitMs;

test(
  "attention passes the first cases of its suite on the simulated array, and a rounding by floor turns noise red",
  async () => {
    const own = await runInProcess(["validate", "attention", "--clips", "2", "--json"]);
    const floor = await runInProcess(["validate", "attention", "--clips", "1", "--param", "rounding=floor", "--json"]);

    expect(own.code).toBe(0);
    expect(floor.code).toBe(1);
    const cases: readonly { pass: boolean }[] = JSON.parse(floor.stdout).cases;
    expect(cases.map((c) => c.pass)).toEqual([false]);
  },
  buildsMs,
);
