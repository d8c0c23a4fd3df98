import { AiekitError } from "@aiekit/core";
import { formatDiagnostic, type Operation, parseModule } from "@aiekit/mlir";
import { npuToBinary } from "../npu-to-binary.ts";
import { type ConformanceDesign, type Stage, stages, type ToolAnswer, type ToolStream } from "./design.ts";
import { sameCause } from "./error-cause.ts";
import { type KnownException, knownExceptions } from "./known-exceptions.ts";
import { type OurAnswer, ourAnswer, type Refusal } from "./our-answer.ts";
import { streamDifference } from "./stream-difference.ts";
import { structureDifference } from "./structure-difference.ts";
import type { DesignVerdict, Difference, StageVerdict } from "./verdict.ts";

/**
 * Holds our answers on one design against the tools', stage by stage. A stage after a difference in the verdict is not
 * compared; one after another difference is. What is compared at which stage: `mlir/fixtures/README.md`.
 */
export function compareDesign(
  design: ConformanceDesign,
  exceptions: readonly KnownException[] = knownExceptions,
): DesignVerdict {
  const ours = ourAnswer(design);
  const verdicts = new Map<Stage, StageVerdict>();
  for (const stage of stages) {
    const tool = design.answers.get(stage);
    if (tool === undefined) continue;
    const verdict = stageVerdict({ design, ours, stage, tool });
    verdicts.set(
      stage,
      excused(
        verdict,
        exceptions.find((known) => applies(known, { verdict, stage, design })),
      ),
    );
  }
  return { name: design.name, stages: verdicts };
}

function applies(
  known: KnownException,
  { verdict, stage, design }: { verdict: StageVerdict; stage: Stage; design: ConformanceDesign },
): boolean {
  return known.stage === stage && verdict.outcome === "differs" && known.applies(verdict.difference, design);
}

function excused(verdict: StageVerdict, known: KnownException | undefined): StageVerdict {
  if (verdict.outcome !== "differs" || known === undefined) return verdict;
  return { ...verdict, outcome: "exception", name: known.name, reason: known.reason, cause: known.cause };
}

interface StageInput {
  readonly design: ConformanceDesign;
  readonly ours: OurAnswer;
  readonly stage: Stage;
  readonly tool: ToolAnswer;
}

const agrees = (remark?: string): StageVerdict =>
  remark === undefined ? { outcome: "agrees" } : { outcome: "agrees", remark };
const differs = (difference: Difference): StageVerdict => ({ outcome: "differs", difference });

function stageVerdict(input: StageInput): StageVerdict {
  const { design, ours, stage, tool } = input;
  const { refusal } = ours;
  if (refusal !== undefined && !refusal.isClean && (refusal.stage === stage || !tool.ok)) {
    return differs({
      what: "verdict",
      expected: verdictText(tool),
      got: `an internal error: ${firstLine(refusal.message)}`,
    });
  }
  if (!tool.ok) return refusedByTool(tool, ours, stage);
  if (refusal === undefined || stageIndex(refusal.stage) > stageIndex(stage)) return acceptedByBoth(input);
  if (stageIndex(refusal.stage) < stageIndex(stage)) {
    return { outcome: "not compared", why: `ours refused the design at stage ${refusal.stage}` };
  }
  return refusedByUs(design, refusal, tool);
}

/** The tools said no, which is the last thing they said of the design. */
function refusedByTool(tool: ToolAnswer, { refusal }: OurAnswer, stage: Stage): StageVerdict {
  if (tool.ended !== "by itself") {
    if (refusal !== undefined) return agrees(`the tool ${tool.ended}; ours refuses: ${firstLine(refusal.message)}`);
    if (stage === "addresses" || stage === "route") return agrees(`the tool ${tool.ended}; ours accepts the design`);
    return differs({ what: "verdict", expected: `a clean error, where the tool ${tool.ended}`, got: "accepted" });
  }
  if (refusal === undefined) return differs({ what: "verdict", expected: verdictText(tool), got: "accepted" });
  if (!sameCause(tool.error, refusal.message)) {
    return differs({ what: "cause of the refusal", expected: verdictText(tool), got: refusalText(refusal) });
  }
  return agrees(refusal.stage === stage ? undefined : `ours refuses it for the same cause at stage ${refusal.stage}`);
}

/** The tools said yes, here at least; ours says no. */
function refusedByUs(design: ConformanceDesign, refusal: Refusal, tool: ToolAnswer): StageVerdict {
  const later = stages.map((stage) => design.answers.get(stage)).find((answer) => answer?.ok === false);
  if (later !== undefined && (later.ended !== "by itself" || sameCause(later.error, refusal.message))) {
    return agrees("ours refuses here what the tool refuses at a later stage");
  }
  const printed = design.shows.includes("quirk-error-but-exit-0") ? allDiagnostics(design) : [];
  if (printed.some((line) => sameCause(line, refusal.message))) {
    return agrees("the tool printed this error and went on; ours refuses for it");
  }
  return differs({ what: "verdict", expected: verdictText(tool), got: refusalText(refusal) });
}

function acceptedByBoth(input: StageInput): StageVerdict {
  switch (input.stage) {
    case "verify":
      return warningOf(input);
    case "addresses":
      return loweredForms(input);
    case "route":
      return agrees();
    case "insts":
      return instructionStreams(input);
  }
}

/** What the tools accept although hardware would not like it, ours accepts with a warning. */
function warningOf({ design, ours }: StageInput): StageVerdict {
  if (!design.name.startsWith("odd-")) return agrees();
  const [warning] = ours.warnings.filter(({ severity }) => severity === "warning");
  if (warning !== undefined) return agrees(firstLine(formatDiagnostic(warning)));
  return differs({ what: "warning", expected: "one that says what hardware would not like", got: "none" });
}

function loweredForms({ design, ours }: StageInput): StageVerdict {
  const expected = readLowered(design);
  if ("unreadable" in expected) return differs(expected.unreadable);
  if (ours.lowered === undefined) return differs({ what: "lowered form", expected: "a module", got: "none" });
  const addresses = !design.shows.includes("quirk-address-moved");
  const isDynamic = design.lowered?.includes("dynamic_objfifo_lowering = true") === true;
  const difference = structureDifference({ expected: expected.module, got: ours.lowered }, { addresses });
  if (difference !== undefined) return differs(difference);
  const left = [
    ...(addresses ? [] : ["addresses: that compiler moved buffers"]),
    ...(isDynamic ? ["cores that choose objects at run time"] : []),
  ];
  return agrees(left.length === 0 ? undefined : `not compared: ${left.join("; ")}`);
}

function instructionStreams({ design, ours }: StageInput): StageVerdict {
  const isMoved = design.shows.includes("quirk-address-moved");
  for (const [i, stream] of design.streams.entries()) {
    // Where that compiler moved a buffer, its stream writes to the moved place, so it is made from its lowered form.
    const got = isMoved ? fromToolsLowered(design, stream) : ours.streams[i];
    if (got === undefined || "what" in got) {
      return differs(got ?? { what: `sequence @${stream.sequence}`, expected: "an instruction stream", got: "none" });
    }
    const difference = streamDifference({ sequence: stream.sequence, expected: stream.bytes, got });
    if (difference !== undefined) return differs(difference);
  }
  return agrees(isMoved ? "made from the compiler's lowered form: that compiler moved buffers" : undefined);
}

function fromToolsLowered(design: ConformanceDesign, { sequence, device }: ToolStream): Uint8Array | Difference {
  const lowered = readLowered(design);
  if ("unreadable" in lowered) return lowered.unreadable;
  try {
    return npuToBinary(lowered.module, sequence, { device });
  } catch (error) {
    return {
      what: `sequence @${sequence}`,
      expected: "an instruction stream",
      got: firstLine((error as Error).message),
    };
  }
}

function readLowered({ name, lowered }: ConformanceDesign): { module: Operation } | { unreadable: Difference } {
  const file = `${name}.addresses.mlir`;
  try {
    return { module: parseModule(lowered ?? "", file) };
  } catch (error) {
    if (!(error instanceof AiekitError)) throw error;
    return { unreadable: { what: file, expected: "a module that ours reads", got: firstLine(error.message) } };
  }
}

function allDiagnostics({ answers }: ConformanceDesign): readonly string[] {
  return [...answers.values()].flatMap(({ diagnostics }) => diagnostics);
}

function verdictText(tool: ToolAnswer): string {
  return tool.ok ? "accepted" : `refused: ${tool.error}`;
}

function refusalText({ stage, message }: Refusal): string {
  return `refused at stage ${stage}: ${firstLine(message)}`;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

function stageIndex(stage: Stage): number {
  return stages.indexOf(stage);
}
