import { AiekitError, ToolError } from "@aiekit/core";

/**
 * `cause` as the error of a step: the step's name in front of the message. Errors of this project stay the same object,
 * so that class, code and hint reach whoever asks; a ToolError names its stage already.
 */
export function inStep(step: string, cause: unknown): unknown {
  if (cause instanceof ToolError) return cause;
  if (cause instanceof AiekitError) {
    if (!cause.message.startsWith(`${step}: `)) cause.message = `${step}: ${cause.message}`;
    return cause;
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  return new AiekitError("tool", `${step}: ${message}`, { cause });
}
