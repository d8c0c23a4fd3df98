import { runSteps } from "../../plan/run-steps.ts";
import type { OutputRef, Step, StepOutputs } from "../../plan/step.ts";
import { type KernelProject, newKernelProject } from "../kernel-project.test-support.ts";
import { withPlan } from "../plan-kernel.ts";
import { type FakeTools, newFakeTools } from "./fake-tools.test-support.ts";

/** The steps of mel for npu1, with what they made in a build that came through, so that each can be run by itself. */
export interface MelSteps {
  readonly tools: FakeTools;
  readonly project: KernelProject;
  /** Runs one step again with what the steps before it made. */
  readonly run: (name: string) => Promise<StepOutputs>;
  /** The text of an output. */
  readonly text: (ref: OutputRef) => string;
  readonly remove: () => Promise<void>;
}

export async function builtMelSteps(): Promise<MelSteps> {
  const tools = await newFakeTools();
  const project = await newKernelProject();
  const outputs = new Map<string, StepOutputs>();
  const onOutputs = async (step: Step, made: StepOutputs): Promise<void> => void outputs.set(step.name, made);
  const options = { projectRoot: project.root, env: tools.env };
  const steps = await withPlan({ kernel: "mel", target: "npu1" }, options, async ({ plan, cache }) => {
    await runSteps(plan.steps, { cache, jobs: 2, onOutputs });
    return plan.steps;
  });
  const bytesOf = (ref: OutputRef): Uint8Array => {
    const bytes = outputs.get(ref.step)?.get(ref.output);
    if (bytes === undefined) throw new RangeError(`no output ${ref.output} of step ${ref.step}`);
    return bytes;
  };
  return {
    tools,
    project,
    async run(name) {
      const step = steps.find((candidate) => candidate.name === name);
      if (step === undefined) throw new RangeError(`no step ${name}`);
      return step.run({ reads: step.reads.map(bytesOf), signal: new AbortController().signal });
    },
    text: (ref) => new TextDecoder().decode(bytesOf(ref)),
    async remove() {
      await project.remove();
      await tools.remove();
    },
  };
}
