import { join } from "node:path";
import type { Project } from "./project.ts";
import type { ResolvedRequest } from "./request.ts";

/** Folder for the intermediate files of a build; named as aiecc names its own. */
export function workFolder(project: Project, request: Pick<ResolvedRequest, "target" | "folderName">): string {
  return join(project.output, request.target, `${request.folderName}.prj`);
}

/** An output's file in that folder. Outputs that are named like files are unique in a plan; the others take their step's name. */
export function workFileName(step: string, output: string): string {
  return output.includes(".") ? output : `${step.replace(/[^\w.]+/g, "-").replace(/-$/, "")}-${output}`;
}
