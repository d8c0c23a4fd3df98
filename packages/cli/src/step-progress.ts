import type { BuildEvent } from "@aiekit/tools";

/** What is going on in a build, from its events. */
interface StepProgress {
  see(event: BuildEvent): void;
  /** `12/31 link core (0,2) 1.3 s, compile mel.o 0.4 s`: steps that are done, and those that run, the longest first. */
  text(): string;
}

/** Steps that a line names; more do not fit a terminal. */
const namedSteps = 3;

export function createStepProgress(nowMs: () => number): StepProgress {
  const startedMs = new Map<string, number>();
  let done = 0;
  let total: number | undefined;
  return {
    see(event) {
      if (event.kind === "planned") {
        total = event.steps;
        done = 0;
      } else if (event.kind === "start") startedMs.set(event.step, nowMs());
      else if ("step" in event) {
        startedMs.delete(event.step);
        done++;
      }
    },
    text() {
      // A map keeps the order in which steps began.
      const running = [...startedMs]
        .slice(0, namedSteps)
        .map(([step, ms]) => `${step} ${((nowMs() - ms) / 1000).toFixed(1)} s`);
      if (startedMs.size > namedSteps) running.push(`and ${startedMs.size - namedSteps} more`);
      return [...(total === undefined ? [] : [`${done}/${total}`]), running.join(", ")].join(" ").trim();
    },
  };
}
