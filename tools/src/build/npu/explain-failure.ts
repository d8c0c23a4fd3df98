import { ToolError } from "@aiekit/core";
import { designObject, type FailureScene } from "./design-object.ts";
import { knownErrorIn } from "./known-errors.ts";
import { cutToolMessage } from "./tool-message.ts";

interface FailedRun extends FailureScene {
  /** Name of the program without its folder. */
  readonly tool: string;
  /** Goes to the folder that the step ran in and runs the program there. */
  readonly command: string;
  /** Holds everything that the program printed. */
  readonly logPath: string;
}

/** A tool's failure with its message cut, the object of the design that it is about, and what to do. */
export function explainFailure(error: ToolError, run: FailedRun): ToolError {
  const output = error.failure.stderr;
  const known = knownErrorIn(output, run.tool);
  const failure = {
    ...error.failure,
    tool: run.tool,
    command: run.command,
    stderr: cutToolMessage(output),
    about: designObject(output, run),
    logPath: run.logPath,
  };
  return new ToolError(failure, { cause: error, ...(known && { hint: known.hint }) });
}
