import { findProgram } from "../../doctor/find-program.ts";
import { cures, toolPlaces } from "../../doctor/hardware-tool-checks.ts";
import type { DrivenTool } from "../../drivers/tool-command.ts";
import type { MissingTool } from "../../plan/step.ts";

/** Variables by which tools are found: PATH, MLIR_AIE_INSTALL_DIR, PEANO_INSTALL_DIR, ... */
export type ToolVariables = Readonly<Record<string, string | undefined>>;

/** Path of a tool on this machine. Starts no program. */
export async function locateTool(
  tool: DrivenTool,
  env: ToolVariables,
): Promise<{ readonly path: string } | MissingTool> {
  const places = await toolPlaces({ env, systemRoot: "/" });
  const family = tool === "aie-opt" || tool === "aie-translate" ? "mlirAie" : "peano";
  const { path, lookedIn } = await findProgram(tool, places[family]);
  if (path !== undefined) return { path };
  return { tool, reason: `not found; looked in ${[...new Set(lookedIn)].join(", ")}`, cure: cures[family] };
}
