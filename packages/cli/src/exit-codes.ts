import { AiekitError, type ErrorCode } from "@aiekit/core";

/** What the process's exit code means. Scripts may rely on it; `aiekit --help` prints this table. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  badInput: 3,
  tool: 4,
  device: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The table of `--help`. */
export const exitCodeHelp = `Exit codes:
  0    done
  1    validation failed, or an unexpected error
  2    usage: unknown command, option, kernel or parameter
  3    input file missing, damaged or of the wrong kind, shape or type
  4    a tool is missing or failed, or the design does not build
  5    device not available, or a run on it failed
  130  stopped with Ctrl-C`;

const byErrorCode: Readonly<Record<ErrorCode, ExitCode>> = {
  usage: exitCodes.usage,
  tool: exitCodes.tool,
  "tool-missing": exitCodes.tool,
  shape: exitCodes.badInput,
  format: exitCodes.badInput,
  budget: exitCodes.tool,
  design: exitCodes.tool,
  device: exitCodes.device,
  "device-unavailable": exitCodes.device,
  validation: exitCodes.failed,
  aborted: exitCodes.interrupted,
};

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof AiekitError) return byErrorCode[error.code];
  return isAbort(error) ? exitCodes.interrupted : exitCodes.failed;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
