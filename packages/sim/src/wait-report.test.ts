import { expect, test } from "vitest";
import { CounterTable } from "./counter-table.ts";
import { Lock } from "./lock.ts";
import { Scheduler } from "./scheduler.ts";
import { WaitCounters } from "./wait-report.ts";

test("waits of as many cycles come in the order of their names, whichever came first", () => {
  const locks = ["b", "a", "c"].map(
    (name, id) => new Lock({ tile: { col: 0, row: 2 }, id, name, init: 0 }, new Scheduler()),
  );
  const reported = [locks, [...locks].reverse()].map((order) => {
    const table = new CounterTable();
    const waits = new WaitCounters(table);
    for (const lock of order) waits.begin(lock);
    const before = table.copy();
    for (const lock of order) waits.add(lock, lock.name === "c" ? 9 : 5);
    return waits.reports({ before, after: table.copy() }).map(({ name }) => name);
  });

  expect(reported).toEqual([
    ["c", "a", "b"],
    ["c", "a", "b"],
  ]);
});
