import { DesignError, type Target } from "@aiekit/core";
import { type LintFinding, lintXclbin } from "@aiekit/xclbin";
import type { OutputRef, Step } from "../../plan/step.ts";
import { lintRef, xclbinRef } from "./outputs.ts";

interface LintStepSource {
  readonly target: Exclude<Target, "sim">;
  /** The streams that are to run with the xclbin. */
  readonly streams: readonly OutputRef[];
  readonly codeVersion: string;
}

/** Looks at the finished xclbin and its streams as XRT and the array will: what they would answer with silence is an error. */
export function lintStep({ target, streams, codeVersion }: LintStepSource): Step {
  const names = streams.map(({ output }) => output);
  return {
    name: lintRef.step,
    kind: "lint",
    version: codeVersion,
    inputs: { target, names: names.join(" ") },
    reads: [xclbinRef, ...streams],
    command: `step lint ${target} ${xclbinRef.output} ${names.join(" ")} -o ${lintRef.output}`,
    run: ({ reads: [xclbin = new Uint8Array(), ...contents] }) => {
      const files = names.map((name, i) => ({ name, bytes: contents[i] ?? new Uint8Array() }));
      const text = lintProducts(target, { name: xclbinRef.output, bytes: xclbin }, files);
      return new Map([[lintRef.output, new TextEncoder().encode(text)]]);
    },
  };
}

interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Findings that do not stop a build, one a line, each beginning with its severity.
 * @throws DesignError with every finding that is an error.
 */
export function lintProducts(target: "npu1" | "npu2", xclbin: NamedFile, streams: readonly NamedFile[]): string {
  const ofXclbin = lintXclbin({ ...xclbin, device: target });
  const known = new Set(ofXclbin.map(findingText));
  const ofStreams = streams.flatMap((stream) =>
    lintXclbin({ ...xclbin, device: target, stream })
      .filter((finding) => !known.has(findingText(finding)))
      .map((finding) => ({ ...finding, where: `${stream.name}, ${finding.where}` })),
  );
  const findings = [
    ...ofXclbin.map((finding) => ({ ...finding, where: `${xclbin.name}, ${finding.where}` })),
    ...ofStreams,
  ];
  const errors = findings.filter(({ severity }) => severity === "error");
  const [first] = errors;
  if (first !== undefined) {
    throw new DesignError(
      `what was built would not run:\n${errors.map((error) => `  ${findingText(error)}`).join("\n")}`,
      {
        hint: first.cure,
      },
    );
  }
  return findings.map((finding) => `${finding.severity}: ${findingText(finding)}\n`).join("");
}

function findingText({ code, where, cause, offset, effect }: LintFinding): string {
  return `${code}: ${where}${offset === undefined ? "" : `, byte ${offset}`}: ${cause}; then: ${effect}`;
}
