import { test } from "vitest";
import { expectFreed } from "./deadlock-check.test-support.ts";

test.each([1, 2, 3, 4, 5, 6])(
  "seeded deadlock %i is explained by its circle, and freed by the smallest depth",
  expectFreed,
);
