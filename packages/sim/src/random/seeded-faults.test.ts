import { expect, test } from "vitest";
import type { SimFault } from "../fault.ts";
import { randomFrom, randomGraph } from "./random-graph.test-support.ts";
import { type SeededFault, seedings } from "./seeded-faults.test-support.ts";

const graphsEach = 5;

/** The first graphs that have a place for a mistake, with the mistake in them. */
function seeded(name: string): { readonly seed: number; readonly fault: SeededFault }[] {
  const found: { seed: number; fault: SeededFault }[] = [];
  for (let seed = 1; found.length < graphsEach && seed < 400; seed++) {
    const random = randomFrom(seed);
    const fault = seedings[name]!(randomGraph(seed), (list) => list[random(Math.max(1, list.length))]);
    if (fault) found.push({ seed, fault });
  }
  return found;
}

test.each(Object.keys(seedings))(
  `${graphsEach} random graphs with %s are caught, with the names of what is wrong`,
  async (name) => {
    const cases = seeded(name);
    expect(cases).toHaveLength(graphsEach);
    for (const { seed, fault } of cases) {
      const failed = await fault.run().then(
        () => undefined,
        (error: unknown) => error as Error,
      );

      expect(failed?.message ?? "nothing was caught", `seed ${seed}`).toMatch(fault.message);
      if (fault.fault) expect((failed as SimFault).fault, `seed ${seed}`).toMatchObject(fault.fault);
    }
  },
);

test("there are at least 100 seeded designs", () => {
  expect(Object.keys(seedings).length * graphsEach).toBeGreaterThanOrEqual(100);
});
