import { expect, test } from "vitest";
import { createStepProgress } from "./step-progress.ts";

test("the line has steps done of all, and those that run with their times, the longest first", () => {
  let nowMs = 0;
  const progress = createStepProgress(() => nowMs);
  progress.see({ kind: "start", step: "design", command: "" });
  progress.see({ kind: "done", step: "design", durationMs: 1 });
  progress.see({ kind: "planned", kernel: "mel", steps: 31 });
  progress.see({ kind: "cached", step: "verify", durationMs: 1 });
  progress.see({ kind: "start", step: "link core (0,2)", command: "" });
  nowMs = 900;
  progress.see({ kind: "start", step: "compile mel.o", command: "" });
  nowMs = 1300;

  expect(progress.text()).toBe("1/31 link core (0,2) 1.3 s, compile mel.o 0.4 s");

  progress.see({ kind: "done", step: "link core (0,2)", durationMs: 1300 });
  expect(progress.text()).toBe("2/31 compile mel.o 0.4 s");
});

test("more steps than a line names are counted", () => {
  const progress = createStepProgress(() => 0);
  for (const step of ["a", "b", "c", "d", "e"]) progress.see({ kind: "start", step, command: "" });

  expect(progress.text()).toBe("a 0.0 s, b 0.0 s, c 0.0 s, and 2 more");
});
