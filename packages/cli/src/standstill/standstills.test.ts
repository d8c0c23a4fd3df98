import { expect, test } from "vitest";
import { expectExplained, kinds } from "./standstill-check.test-support.ts";

test.each(Object.keys(kinds).flatMap((kind) => [1, 2, 3].map((seed) => [kind, seed] as const)))(
  "%s, seed %i: the message says who waits for what, and what frees it; a legal design of the kind runs to its end",
  expectExplained,
);

test.each(Object.keys(kinds))("%s: seeds give different designs", (kind) => {
  const texts = new Set([1, 2, 3].map((seed) => kinds[kind]!(seed).stands));

  expect(texts.size).toBeGreaterThan(1);
});
