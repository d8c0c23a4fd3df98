/** Native programs of a build for npu1 or npu2 that are driven here. */
export type DrivenTool = "aie-opt" | "aie-translate" | "clang++" | "clang" | "opt" | "llc";

/** A program and its arguments; where the program is, is found out elsewhere. */
export interface ToolCommand {
  readonly tool: DrivenTool;
  readonly args: readonly string[];
}
