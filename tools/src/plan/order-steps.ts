import { UsageError } from "@aiekit/core";
import type { Step } from "./step.ts";

/**
 * The steps with every step after those it reads from; otherwise in the order given.
 * @throws UsageError for a name used twice, a read from a step that is not there, and a cycle.
 */
export function orderSteps(steps: readonly Step[]): readonly Step[] {
  const byName = new Map<string, Step>();
  for (const step of steps) {
    if (byName.has(step.name)) throw new UsageError(`plan: two steps are named ${step.name}`);
    byName.set(step.name, step);
  }
  const ordered = new Set<Step>();
  const open = new Set<Step>();

  function place(step: Step): void {
    if (ordered.has(step)) return;
    if (open.has(step)) {
      const path = [...open].map((s) => s.name).slice([...open].indexOf(step));
      throw new UsageError(`plan: steps wait for each other: ${[...path, step.name].join(" -> ")}`);
    }
    open.add(step);
    for (const ref of step.reads) {
      const from = byName.get(ref.step);
      if (from === undefined) throw new UsageError(`plan: ${step.name} reads from ${ref.step}, which is not a step`);
      place(from);
    }
    open.delete(step);
    ordered.add(step);
  }

  for (const step of steps) place(step);
  return [...ordered];
}
