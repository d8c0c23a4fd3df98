import { sha256 } from "../cache/sha256.ts";
import type { StepCache } from "../cache/step-cache.ts";
import { orderSteps } from "./order-steps.ts";
import { stepKey } from "./run-steps.ts";
import { runnableSteps } from "./runnable-steps.ts";
import type { Step, StepOutputs } from "./step.ts";

/**
 * What a build would do with a step. `depends`: it reads from a step that runs, whose result may equal the old one.
 * `lacks`: a tool for it, or for a step that it reads from, is missing.
 */
export type StepFate = "cached" | "runs" | "depends" | "lacks";

export interface PreviewedStep {
  readonly name: string;
  readonly command: string;
  readonly fate: StepFate;
}

/** What `runSteps` would do now, in an order in which it could; nothing is run and nothing written. */
export async function previewSteps(steps: readonly Step[], cache: StepCache): Promise<readonly PreviewedStep[]> {
  const known = new Map<string, StepOutputs>();
  const previewed: PreviewedStep[] = [];
  const runnable = new Set(runnableSteps(steps).runnable);
  for (const step of orderSteps(steps)) {
    const { name, command } = step;
    if (!runnable.has(step)) {
      previewed.push({ name, command, fate: "lacks" });
      continue;
    }
    const reads = step.reads.map((ref) => known.get(ref.step)?.get(ref.output));
    if (!reads.every((bytes) => bytes !== undefined)) {
      previewed.push({ name, command, fate: "depends" });
      continue;
    }
    const outputs = await cache.load(stepKey(step, reads.map(sha256)));
    if (outputs) known.set(name, outputs);
    previewed.push({ name, command, fate: outputs ? "cached" : "runs" });
  }
  return previewed;
}
