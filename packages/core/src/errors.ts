/** Where an error belongs; scripts may match on it. Exit codes are derived from it in the CLI. */
export type ErrorCode =
  | "usage"
  | "tool"
  | "tool-missing"
  | "shape"
  | "format"
  | "budget"
  | "design"
  | "device"
  | "device-unavailable"
  | "validation"
  | "aborted";

export interface AiekitErrorOptions {
  /** What to do next: a command or a file to look at. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Base of every error this project throws on purpose. `message` says what failed, what was expected and what was found. */
export class AiekitError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: AiekitErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
  }
}

/** The caller asked for something that does not exist or contradicts itself: an unknown kernel, a bad option. */
export class UsageError extends AiekitError {
  constructor(message: string, options?: AiekitErrorOptions) {
    super("usage", message, options);
  }
}

/** An array has the wrong dtype, rank or size. */
export class ShapeError extends AiekitError {
  constructor(message: string, options?: AiekitErrorOptions) {
    super("shape", message, options);
  }
}

/** Bytes or text that are not what their format says. `offset` is in bytes from the start of the input. */
export class FormatError extends AiekitError {
  readonly offset: number | undefined;

  constructor(message: string, options: AiekitErrorOptions & { readonly offset?: number } = {}) {
    super("format", message, options);
    this.offset = options.offset;
  }
}

/** A design needs more of something than the device has: memory, BDs, locks, channels. */
export class BudgetError extends AiekitError {
  constructor(message: string, options?: AiekitErrorOptions) {
    super("budget", message, options);
  }
}

/** A design that breaks a rule of the dialect, or a sequence of operations that the hardware cannot do. */
export class DesignError extends AiekitError {
  constructor(message: string, options?: AiekitErrorOptions) {
    super("design", message, options);
  }
}

/** A run on a device failed: a fault, a deadlock, an output that was never written. */
export class DeviceError extends AiekitError {
  constructor(message: string, options?: AiekitErrorOptions) {
    super("device", message, options);
  }
}

/** The device that was asked for is not on this machine or not in this build. */
export class DeviceUnavailableError extends AiekitError {
  constructor(message: string, options?: AiekitErrorOptions) {
    super("device-unavailable", message, options);
  }
}

/** The user or a caller's AbortSignal stopped the work. */
export class AbortedError extends AiekitError {
  constructor(message = "stopped", options?: AiekitErrorOptions) {
    super("aborted", message, options);
  }
}

export interface ToolFailure {
  readonly tool: string;
  /** Step of the build, for example `compile kernel mel.cc`. */
  readonly stage: string;
  /** Command line that can be pasted into a shell. */
  readonly command: string;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly stderr: string;
  /** What of the design or of the sources the failure is about: `core (0,2), design.mlir:12`. */
  readonly about?: string | undefined;
  readonly logPath?: string | undefined;
}

/**
 * An external tool ran and failed. The message holds stage, command, exit reason, the last 20 lines it printed and, where
 * that is known, what the failure is about.
 */
export class ToolError extends AiekitError {
  readonly failure: ToolFailure;

  constructor(failure: ToolFailure, options?: AiekitErrorOptions) {
    const reason = failure.signal ? `signal ${failure.signal}` : `exit code ${failure.exitCode ?? "unknown"}`;
    const tail = failure.stderr.trimEnd().split("\n").slice(-20).join("\n");
    const about = failure.about ? `\nabout: ${failure.about}` : "";
    const log = failure.logPath ? `\nfull log: ${failure.logPath}` : "";
    super(
      "tool",
      `${failure.stage}: ${failure.tool} failed (${reason})\n${failure.command}\n${tail}${about}${log}`,
      options,
    );
    this.failure = failure;
  }
}

/** A tool that a step needs was not found. */
export class ToolMissingError extends AiekitError {
  constructor(message: string, options?: AiekitErrorOptions) {
    super("tool-missing", message, options);
  }
}
