import type { Design } from "@aiekit/mlir";
import type { BuildEvent } from "../plan/step.ts";
import { inStep } from "../plan/step-error.ts";
import { productPaths } from "./manifest.ts";
import { type ResolvedRequest, roundingParam } from "./request.ts";

/** The design is a function of this program: cheaper to call than to look up. */
export function makeDesign(request: ResolvedRequest, onEvent: (event: BuildEvent) => void = () => {}): Design {
  const { entry, device, params } = request;
  const startMs = performance.now();
  const step = "design";
  onEvent({ kind: "start", step, command: `design ${request.folderName} -o ${productPaths.design}` });
  try {
    const design = withRounding(entry.design({ device, params }), params[roundingParam.name]);
    onEvent({ kind: "done", step, durationMs: performance.now() - startMs });
    return design;
  } catch (cause) {
    const error = inStep(step, cause);
    onEvent({ kind: "failed", step, durationMs: performance.now() - startMs, error });
    throw error;
  }
}

function withRounding(design: Design, mode: number | string | undefined): Design {
  if (mode === undefined) return design;
  const sources = design.sources.map((source) => ({
    ...source,
    defines: { ...source.defines, AIEKIT_ROUNDING: mode },
  }));
  return { ...design, sources };
}
