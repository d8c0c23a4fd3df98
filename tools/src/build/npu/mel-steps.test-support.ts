import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ToolError } from "@aiekit/core";
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
  /** The error with which a step's tool fails. */
  readonly failureOf: (name: string) => Promise<ToolError>;
  /** Lets every tool that was told to fail run again. */
  readonly mendTools: () => Promise<void>;
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
  const run = async (name: string): Promise<StepOutputs> => {
    const step = steps.find((candidate) => candidate.name === name);
    if (step === undefined) throw new RangeError(`no step ${name}`);
    return step.run({ reads: step.reads.map(bytesOf), signal: new AbortController().signal });
  };
  return {
    tools,
    project,
    run,
    async failureOf(name) {
      const error = await run(name).catch((thrown: unknown) => thrown);
      if (!(error instanceof ToolError)) throw new TypeError(`${name}: no ToolError, but ${String(error)}`);
      return error;
    },
    async mendTools() {
      for (const tool of ["aie-opt", "aie-translate", "clang", "clang++", "opt", "llc"]) {
        await rm(join(tools.root, `answers/${tool}.fails`), { force: true });
      }
    },
    text: (ref) => new TextDecoder().decode(bytesOf(ref)),
    async remove() {
      await project.remove();
      await tools.remove();
    },
  };
}
