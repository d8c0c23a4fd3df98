import type { Tensor } from "@aiekit/core";
import type { Summary } from "../statistics.ts";

/** What `aiekit evidence` looks at: kernels by their suites, and probes, which ask one question each. */
export const evidenceParts = ["kernels", "numerics", "launches", "bandwidth", "gemm", "phases"] as const;

export type EvidencePart = (typeof evidenceParts)[number];
type ProbePart = Exclude<EvidencePart, "kernels">;

/** A kernel with inputs made for one question; its outputs are held against the simulator's bit by bit. */
export interface Probe {
  readonly part: ProbePart;
  readonly name: string;
  readonly kernel: string;
  readonly params: Readonly<Record<string, number | string>>;
  readonly inputs: () => Readonly<Record<string, Tensor>>;
  /** Runs after the first, timed; none where time is not the question. */
  readonly timedRuns: number;
  /** What the median of the timed runs means, from milliseconds. */
  readonly figure?: (medianMs: number) => string;
}

export interface ProbeEvidence {
  readonly part: ProbePart;
  readonly name: string;
  readonly kernel: string;
  readonly params: Readonly<Record<string, number | string>>;
  /** Against the simulator, bit by bit. */
  readonly values: number;
  readonly differing: number;
  /** Wall time of the launches of a run, milliseconds; null where it was not timed. */
  readonly launchMs: Summary | null;
  readonly figure: string | null;
  /** Why it could not be looked at. */
  readonly error: string | null;
}
