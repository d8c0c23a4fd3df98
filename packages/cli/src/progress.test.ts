import { expect, test, vi } from "vitest";
import { createProgress } from "./progress.ts";

/** Progress over a clock that the test moves; what was written is in `lines`. */
function harness(interactive: boolean) {
  const clock = { nowMs: 0 };
  const lines: string[] = [];
  const stream = { write: (text: string) => lines.push(text), columns: 30 };
  const progress = createProgress({ stream, interactive, nowMs: () => clock.nowMs });
  return { clock, lines, progress };
}

test("work that ends within a second prints nothing", () => {
  const { clock, lines, progress } = harness(true);

  const task = progress.start("build mel");
  clock.nowMs = 999;
  task.update("compile");
  task.done();

  expect(lines).toEqual([]);
});

test("without a terminal a line is printed after a second and then every 5 seconds, without escape sequences", () => {
  const { clock, lines, progress } = harness(false);

  const task = progress.start("run mel");
  for (let second = 1; second <= 11; second++) {
    clock.nowMs = second * 1000;
    task.update({ doneCount: second, totalCount: 20 });
  }
  task.done();

  expect(lines).toEqual(["run mel 5 % (1/20) (1 s)\n", "run mel 30 % (6/20) (6 s)\n", "run mel 55 % (11/20) (11 s)\n"]);
});

test("on a terminal the line is rewritten, cut to the width, and wiped at the end", () => {
  const { clock, lines, progress } = harness(true);

  const task = progress.start("validate a kernel with a long name");
  clock.nowMs = 1500;
  task.update("x");
  task.done();

  expect(lines).toEqual([`\r\u001b[2K${"validate a kernel with a long"}`, "\r\u001b[2K"]);
});

test("a task that reports nothing still shows that time passes", () => {
  vi.useFakeTimers();
  try {
    const { clock, lines, progress } = harness(false);

    const task = progress.start("link");
    clock.nowMs = 2000;
    vi.advanceTimersByTime(2000);
    task.done();
    clock.nowMs = 62_000;
    vi.advanceTimersByTime(60_000);

    expect(lines).toEqual(["link (2 s)\n"]);
  } finally {
    vi.useRealTimers();
  }
});
