import { join } from "node:path";
import { shellCommand, shellWord } from "../../drivers/shell-words.ts";
import type { PreviewedStep } from "../../plan/preview-steps.ts";
import type { Step } from "../../plan/step.ts";
import { installedPackageFolder } from "../own-code.ts";
import type { Project } from "../project.ts";
import type { ResolvedRequest } from "../request.ts";
import { workFolder } from "../work-folder.ts";
import type { HardwareTools } from "./hardware-tools.ts";

interface PlanScriptSource {
  readonly request: ResolvedRequest;
  readonly project: Project;
  readonly tools: HardwareTools;
  readonly steps: readonly Step[];
  /** The same steps, in an order in which they can run. */
  readonly previewed: readonly PreviewedStep[];
}

/**
 * The plan as a script for a POSIX shell: every step in one folder, without the cache. A tool that is missing is called
 * by its name, so that the script can be taken to a machine that has it.
 */
export function planScript({ request, project, tools, steps, previewed }: PlanScriptSource): string {
  const { entry, target, device, params } = request;
  const folder = workFolder(project, request);
  const design = ["step", "design", entry.name, target, device];
  const choices = Object.entries(params).map(([name, value]) => `${name}=${value}`);
  const release = tools.release === undefined ? [] : ["--release", tools.release.id];
  const missing = new Map(steps.map((step) => [step.name, step.missing] as const));
  const lines = previewed.flatMap(({ name, command, fate }) => {
    const lacked = missing.get(name);
    const note = lacked === undefined ? fate : `needs ${lacked.tool}: ${lacked.reason}`;
    return ["", `# ${name}: ${note}`, command];
  });
  return `${[
    "(",
    "set -e",
    shellCommand(["mkdir", "-p", folder]),
    shellCommand(["cd", folder]),
    `step() { ${shellCommand([process.execPath, join(installedPackageFolder("tools"), "bin/own-step.js")])} "$@"; }`,
    shellCommand(["ln", "-sfn", project.kernels, "kernels"]),
    `${shellCommand([...design, ...choices, ...release])} > ${shellWord("design.mlir")}`,
    ...lines,
    ")",
  ].join("\n")}\n`;
}
