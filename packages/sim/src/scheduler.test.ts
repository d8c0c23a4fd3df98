import fc from "fast-check";
import { expect, test } from "vitest";
import { Scheduler } from "./scheduler.ts";

test("events run by time, those of one time in the order they were put in", () => {
  const times = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 });
  fc.assert(
    fc.property(times, (list) => {
      const clock = new Scheduler();
      const ran: [number, number][] = [];
      list.forEach((time, index) => {
        clock.at(time, { doing: "test", fire: () => ran.push([clock.now, index]) });
      });
      while (clock.step());

      // Array.prototype.sort is stable.
      const expected = list.map((time, index): [number, number] => [time, index]).sort((a, b) => a[0] - b[0]);
      expect(ran).toEqual(expected);
    }),
  );
});

test("an event put in while another runs takes its place in time", () => {
  const clock = new Scheduler();
  const ran: string[] = [];
  const late = { doing: "test", fire: () => ran.push("late") };
  const between = { doing: "test", fire: () => ran.push("between") };
  clock.at(10, late);
  clock.at(1, {
    doing: "test",
    fire: () => {
      ran.push("first");
      clock.at(5, between);
    },
  });

  while (clock.step());

  expect(ran).toEqual(["first", "between", "late"]);
  expect(clock.now).toBe(10);
});
