import { DesignError } from "@aiekit/core";
import { cloneOperation, type Operation, printModule, stringAttr, walk } from "@aiekit/mlir";
import type { CoreProgram } from "../core-programs.ts";
import type { Lowering } from "./pass-pipelines.ts";

/** A design's text in the spelling of one span of mlir-aie, with each core's object where that span looks for it. */
export function designTextFor(
  module: Operation,
  programs: readonly CoreProgram[],
  lowering: Pick<Lowering, "linkOnCore" | "sequenceOp">,
): string {
  const text = printModule(lowering.linkOnCore ? withLinkOnCores(module, programs) : module);
  if (lowering.sequenceOp === "aie.runtime_sequence") return text;
  return text.replace(/^(\s*)aie\.runtime_sequence(?=[ (])/gm, `$1${lowering.sequenceOp}`);
}

/** Until March 2026 a core names its one object itself; `link_with` of functions is kept and not read. */
function withLinkOnCores(module: Operation, programs: readonly CoreProgram[]): Operation {
  const copy = cloneOperation(module);
  const byPlace = new Map(programs.map((program) => [`${program.col},${program.row}`, program]));
  walk(copy, (op) => {
    if (op.name !== "aie.core") return;
    const tile = op.operands[0]?.definingOp;
    const program = byPlace.get(`${tile?.int("col")},${tile?.int("row")}`);
    if (program === undefined) return;
    const [object, ...others] = program.objects;
    if (object === undefined) return;
    if (others.length > 0) {
      throw new DesignError(
        `core (${program.col},${program.row}): expected one object, got ${program.objects.join(", ")}: this mlir-aie links one a core`,
        { hint: "build with mlir-aie v1.3, or put the core's functions into one source" },
      );
    }
    op.attributes.set("link_with", stringAttr(object));
  });
  return copy;
}
