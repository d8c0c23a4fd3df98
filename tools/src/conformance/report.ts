import { type Stage, stages } from "./design.ts";
import { type KnownException, knownExceptions } from "./known-exceptions.ts";
import type { DesignVerdict, Difference } from "./verdict.ts";

/** Where one design's answer is not the tools'; the first stage only. */
export interface ReportedDifference extends Difference {
  readonly design: string;
  readonly stage: Stage;
}

/** Verdicts at one stage, counted. */
interface StageCount {
  readonly stage: Stage;
  /** Designs that the tools ran this stage on. */
  readonly designs: number;
  readonly agree: number;
  readonly exceptions: number;
  readonly differ: number;
  readonly notCompared: number;
}

export interface ConformanceReport {
  readonly designs: number;
  /** Designs that agree at every stage, known exceptions not among them. */
  readonly agree: number;
  readonly stages: readonly StageCount[];
  readonly differences: readonly ReportedDifference[];
  readonly exceptions: readonly (ReportedDifference & Pick<KnownException, "name" | "reason" | "cause">)[];
  /** Known exceptions whose design was compared and did not differ so. */
  readonly outdatedExceptions: readonly Pick<KnownException, "name" | "shownBy" | "stage">[];
  /** What agrees with a reservation, or what was left out of a comparison. */
  readonly remarks: readonly { readonly design: string; readonly stage: Stage; readonly remark: string }[];
}

/** Counts and lists what came out of comparing designs, in their order. */
export function conformanceReport(
  verdicts: readonly DesignVerdict[],
  known: readonly KnownException[] = knownExceptions,
): ConformanceReport {
  const all = verdicts.flatMap(({ name, stages: of }) =>
    [...of].map(([stage, verdict]) => ({ design: name, stage, verdict })),
  );
  const first = new Map<string, ReportedDifference>();
  const exceptions: ConformanceReport["exceptions"][number][] = [];
  const remarks: ConformanceReport["remarks"][number][] = [];
  for (const { design, stage, verdict } of all) {
    if (verdict.outcome === "differs" && !first.has(design))
      first.set(design, { design, stage, ...verdict.difference });
    if (verdict.outcome === "exception") {
      const { name, reason, cause } = verdict;
      exceptions.push({ design, stage, ...verdict.difference, name, reason, cause });
    }
    if (verdict.outcome === "agrees" && verdict.remark !== undefined)
      remarks.push({ design, stage, remark: verdict.remark });
    if (verdict.outcome === "not compared") remarks.push({ design, stage, remark: `not compared: ${verdict.why}` });
  }
  const compared = new Set(verdicts.map(({ name }) => name));
  const met = (entry: KnownException) =>
    exceptions.some(({ name, design }) => name === entry.name && design === entry.shownBy);
  return {
    designs: verdicts.length,
    agree: verdicts.filter(({ stages: of }) => [...of.values()].every(({ outcome }) => outcome === "agrees")).length,
    stages: stages.map((stage) =>
      countStage(
        stage,
        all.filter((entry) => entry.stage === stage).map(({ verdict }) => verdict.outcome),
      ),
    ),
    differences: [...first.values()],
    exceptions,
    outdatedExceptions: known
      .filter((entry) => entry.shownBy !== undefined && compared.has(entry.shownBy) && !met(entry))
      .map(({ name, shownBy, stage }) => ({ name, stage, ...(shownBy !== undefined && { shownBy }) })),
    remarks,
  };
}

function countStage(stage: Stage, outcomes: readonly string[]): StageCount {
  const count = (outcome: string) => outcomes.filter((o) => o === outcome).length;
  return {
    stage,
    designs: outcomes.length,
    agree: count("agrees"),
    exceptions: count("exception"),
    differ: count("differs"),
    notCompared: count("not compared"),
  };
}
