import { expect, test } from "vitest";
import { executorContract } from "../executor-contract.test-support.ts";
import { erf } from "./gelu.ts";
import { referenceExecutor } from "./reference-executor.ts";

executorContract({ name: "reference", open: referenceExecutor, tolerance: 4e-5 });

// Abramowitz and Stegun, table 7.1, and erfc(3) of table 7.3.
test("reference: erf to 1e-10 on both sides of where its formula changes", () => {
  const table = [
    [0, 0],
    [0.5, 0.5204998778],
    [1, 0.8427007929],
    [2, 0.995322265],
    [2.4, 0.9993114861],
    [2.6, 0.9997639656],
    [3, 0.9999779095],
    [7, 1],
  ] as const;
  for (const [x, expected] of table) {
    expect(Math.abs(erf(x) - expected), `erf(${x})`).toBeLessThan(1e-10);
    expect(erf(-x)).toBe(-erf(x));
  }
  expect(Math.abs(erf(2.5 - 1e-13) - erf(2.5))).toBeLessThan(1e-14);
});
