import type { ToolCommand } from "./tool-command.ts";

interface AieOptOptions {
  /** Textual pass pipeline, rooted at `builtin.module`. */
  readonly pipeline: string;
  readonly input: string;
  readonly output: string;
}

/** aie-opt: runs passes over a module. */
export function aieOpt({ pipeline, input, output }: AieOptOptions): ToolCommand {
  return { tool: "aie-opt", args: [`--pass-pipeline=${pipeline}`, input, "-o", output] };
}
