import { expect, test } from "vitest";
import { deadlockCase } from "./deadlock-cases.test-support.ts";
import { expectFreed } from "./deadlock-check.test-support.ts";

const cases = 55;

test(`${cases} seeded deadlocks are explained by their circle, and freed by the smallest depth that counting gives`, {
  timeout: 900_000,
}, async () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= cases; seed++) {
    await expectFreed(seed);
    const { depth, needed } = deadlockCase(seed);
    kinds.add(`${depth} to ${needed}`);
  }

  expect(kinds.size).toBeGreaterThan(5);
});
