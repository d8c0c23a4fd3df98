/** `absent`: not there, and nothing that was asked for needs it. */
export type CheckStatus = "ok" | "warn" | "fail" | "absent";

export type CheckGroup = "build" | "hardware tools" | "npu" | "optional";

/** One line of `aiekit doctor`. */
export interface Check {
  readonly group: CheckGroup;
  readonly name: string;
  readonly status: CheckStatus;
  /** What it is for. */
  readonly about: string;
  /** Version, path or state; for a problem, what is wrong. */
  readonly found: string;
  readonly version?: string;
  /** Of a program that was found. */
  readonly path?: string;
  /** Paths and variables, in the order they were tried; of a tool that was found, the one that had it. */
  readonly lookedIn: readonly string[];
  /** What to do about it; absent where nothing is wrong. */
  readonly cure?: string;
}
