import { expect, test } from "vitest";
import { compileLimitMs } from "./compile-limit.test-support.ts";
import { runInProcess } from "./run-cli.test-support.ts";

/** Two builds. */
const buildsMs = 2 * compileLimitMs;

test(
  "conv1d passes the first case of its suite on the simulated array, and a rounding by floor turns it red",
  async () => {
    const own = await runInProcess(["validate", "conv1d", "--clips", "1", "--json"]);
    const floor = await runInProcess(["validate", "conv1d", "--clips", "1", "--param", "rounding=floor", "--json"]);

    expect(own.code).toBe(0);
    expect(floor.code).toBe(1);
    expect(JSON.parse(floor.stdout).cases.map((c: { pass: boolean }) => c.pass)).toEqual([false]);
  },
  buildsMs,
);
