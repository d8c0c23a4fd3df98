import { orderSteps } from "./order-steps.ts";
import type { MissingTool, Step } from "./step.ts";

/** A plan parted by what this machine has. */
interface RunnablePlan {
  /** Steps whose tools are there, and those of all steps before them. */
  readonly runnable: readonly Step[];
  /** Where the build stops: steps that could begin if their tool were there. */
  readonly stops: readonly Stop[];
  /** The steps behind those. */
  readonly unreached: readonly UnreachedStep[];
}

export interface UnreachedStep {
  readonly step: string;
  /** Present where the step lacks a tool itself. */
  readonly missing: MissingTool | undefined;
}

export interface Stop {
  readonly step: string;
  readonly missing: MissingTool;
}

/** How far a plan can go. A step that reads from one that cannot run cannot run either. */
export function runnableSteps(steps: readonly Step[]): RunnablePlan {
  const runnable: Step[] = [];
  const stops: Stop[] = [];
  const unreached: UnreachedStep[] = [];
  const out = new Set<string>();
  for (const step of orderSteps(steps)) {
    const isBehind = step.reads.some((ref) => out.has(ref.step));
    if (!isBehind && step.missing === undefined) {
      runnable.push(step);
      continue;
    }
    out.add(step.name);
    if (!isBehind && step.missing) stops.push({ step: step.name, missing: step.missing });
    else unreached.push({ step: step.name, missing: step.missing });
  }
  return { runnable, stops, unreached };
}
