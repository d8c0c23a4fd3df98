import { test } from "vitest";
import { expectExplained, kinds } from "./standstill-check.test-support.ts";

test.each(Object.keys(kinds))(
  "%s: 12 more seeded standstills are explained, and legal designs run to their end",
  {
    timeout: 300_000,
  },
  async (kind) => {
    for (let seed = 4; seed < 16; seed++) await expectExplained(kind, seed);
  },
);
