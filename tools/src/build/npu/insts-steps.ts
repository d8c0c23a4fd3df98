import { DesignError } from "@aiekit/core";
import { streamDifference } from "../../conformance/stream-difference.ts";
import { aieOpt } from "../../drivers/aie-opt.ts";
import { aieTranslate } from "../../drivers/aie-translate.ts";
import type { Step } from "../../plan/step.ts";
import { instsRef } from "../sim/outputs.ts";
import { checkStream } from "./output-checks.ts";
import { comparisonRef, npuInstsRef, toolInstsRef, withElfsRef } from "./outputs.ts";
import { deviceSymbol, type Lowering } from "./pass-pipelines.ts";
import { type ToolStepContext, toolStep } from "./tool-step.ts";

/** Who makes the instruction streams: this program's lowering and encoder, or aie-opt and aie-translate. */
export type InstsSource = "own" | "tools";

/** Streams by the tools. They take the names of the ELFs only, so no compiler has to run before. */
export function toolInstsSteps(
  sequences: readonly string[],
  lowering: Lowering,
  context: ToolStepContext,
): readonly Step[] {
  const lower = toolStep(
    {
      name: npuInstsRef.step,
      kind: "lower sequences",
      command: () => aieOpt({ pipeline: lowering.sequences, input: withElfsRef.output, output: npuInstsRef.output }),
      reads: [withElfsRef],
      writes: [npuInstsRef.output],
    },
    context,
  );
  const translations = sequences.map((sequence) => {
    const ref = toolInstsRef(sequence);
    return toolStep(
      {
        name: ref.step,
        kind: "translate insts",
        subject: `sequence ${sequence}`,
        command: () =>
          aieTranslate({
            kind: "npuToBinary",
            device: deviceSymbol,
            sequence,
            input: npuInstsRef.output,
            output: ref.output,
          }),
        reads: [npuInstsRef],
        writes: [ref.output],
        check: (made) => checkStream(made.get(ref.output) ?? new Uint8Array(), sequence),
      },
      context,
    );
  });
  return [lower, ...translations];
}

/**
 * Holds our stream against the tool's. A difference is a warning where the tool's is used: another release may encode
 * otherwise. Where ours is used it is an error, since the CDO is the tool's and the two belong together.
 */
export function compareInstsStep(sequence: string, used: InstsSource, codeVersion: string): Step {
  const [own, tools, ref] = [instsRef(sequence), toolInstsRef(sequence), comparisonRef(sequence)];
  return {
    name: ref.step,
    kind: "compare insts",
    version: codeVersion,
    inputs: { sequence, used },
    reads: [own, tools],
    command: `step compare-insts ${tools.output} ${own.output}`,
    run: ({ reads: [got = new Uint8Array(), expected = new Uint8Array()] }) => {
      const difference = streamDifference({ sequence, expected, got });
      const text =
        difference === undefined
          ? ""
          : `${difference.what}: aie-translate has ${difference.expected}, this program ${difference.got}`;
      if (text !== "" && used === "own") {
        throw new DesignError(text, { hint: "the CDO is of the tools, and may not fit our stream: --insts tools" });
      }
      return new Map([[ref.output, new TextEncoder().encode(text)]]);
    },
  };
}
