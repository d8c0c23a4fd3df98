import { AiekitError } from "@aiekit/core";
import {
  type Diagnostic,
  formatDiagnostic,
  lowerDesign,
  type Operation,
  parseModule,
  routeFlows,
  verify,
} from "@aiekit/mlir";
import { npuToBinary } from "../npu-to-binary.ts";
import type { ConformanceDesign, Stage } from "./design.ts";

/** What this project makes of a design, up to the stage that refuses it. */
export interface OurAnswer {
  readonly warnings: readonly Diagnostic[];
  /** Present when the design was lowered. */
  readonly lowered: Operation | undefined;
  /** One for each runtime sequence that the tools made a stream of, in the same order. */
  readonly streams: readonly Uint8Array[];
  readonly refusal: Refusal | undefined;
}

export interface Refusal {
  readonly stage: Stage;
  readonly message: string;
  /** False: an exception that no check foresaw. */
  readonly isClean: boolean;
}

/** Runs a design through parser, verifier, lowering, router and encoder. Throws nothing. */
export function ourAnswer(design: ConformanceDesign): OurAnswer {
  const answer = {
    warnings: [] as Diagnostic[],
    lowered: undefined as Operation | undefined,
    streams: [] as Uint8Array[],
  };
  const run: Readonly<Record<Stage, (module: Operation | undefined) => Operation | undefined>> = {
    verify() {
      const module = parseModule(design.source, `${design.name}.mlir`, { spelling: "2026" });
      const found = verify(module);
      const error = found.find(({ severity }) => severity === "error");
      if (error !== undefined) throw new AiekitError("design", formatDiagnostic(error));
      answer.warnings.push(...found);
      return module;
    },
    addresses(module) {
      const result = module && lowerDesign(module);
      answer.lowered = result?.module;
      answer.warnings.push(...(result?.warnings ?? []));
      return result?.module;
    },
    route(lowered) {
      if (lowered) routeFlows(lowered);
      return lowered;
    },
    insts(lowered) {
      if (lowered)
        answer.streams.push(...sequencesOf(design, lowered).map((of) => npuToBinary(lowered, of.sequence, of)));
      return lowered;
    },
  };
  let module: Operation | undefined;
  for (const stage of ["verify", "addresses", "route", "insts"] as const) {
    try {
      module = run[stage](module);
    } catch (error) {
      return { ...answer, refusal: refusal(stage, error) };
    }
  }
  return { ...answer, refusal: undefined };
}

function refusal(stage: Stage, error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  return { stage, message, isClean: error instanceof AiekitError };
}

interface SequenceName {
  readonly device: string;
  readonly sequence: string;
}

/** The sequences that the tools made streams of; all there are where they made none. */
function sequencesOf({ streams }: ConformanceDesign, lowered: Operation): readonly SequenceName[] {
  if (streams.length > 0) return streams;
  const named = (op: Operation, name: string) =>
    op.regions[0]?.blocks[0]?.ops.filter((inner) => inner.name === name) ?? [];
  return named(lowered, "aie.device").flatMap((device) =>
    named(device, "aie.runtime_sequence").map((sequence) => ({
      device: device.text("sym_name") ?? "main",
      sequence: sequence.text("sym_name") ?? "sequence",
    })),
  );
}
