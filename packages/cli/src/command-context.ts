import type { Environment } from "./environment.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Progress } from "./progress.ts";
import type { Colors, OutputStream } from "./terminal.ts";

/** What every command gets: where to print, what to print, and when to stop. */
export interface CommandContext {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Can be read once. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Colours for stdout. */
  readonly colors: Colors;
  readonly progress: Progress;
  readonly environment: Environment;
  /** Folder that relative paths count from. */
  readonly cwd: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** stdout holds one JSON value and nothing else. */
  readonly json: boolean;
  readonly verbose: boolean;
}

/** A command's work. Throws an AiekitError for what went wrong; returns 1 where it ran but did not pass. */
export type Command<Options> = (context: CommandContext, options: Options) => Promise<ExitCode>;
