import { AbortedError, ToolError, ToolMissingError } from "@aiekit/core";
import { shellWord } from "./shell-words.ts";

export interface ToolCall {
  /** Path of the program, or its name to be found on PATH. */
  readonly program: string;
  readonly args: readonly string[];
  /** Step of the build or check that needs it: `doctor: aie-opt`. */
  readonly stage: string;
  /** Variables added to this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What a program printed. */
interface ToolOutput {
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order in which they came. */
  readonly all: string;
}

/**
 * Runs a program to its end and returns what it printed on stdout and stderr together.
 * @throws ToolMissingError when it cannot be started; ToolError when it fails or takes longer than `timeoutMs`;
 * AbortedError on `signal`.
 */
export async function runTool(call: ToolCall): Promise<string> {
  return (await callTool(call)).all;
}

/** As `runTool`, with stdout and stderr apart. */
export async function callTool(call: ToolCall): Promise<ToolOutput> {
  // execa costs tens of milliseconds to load: builds for the simulator never need it.
  const { execa } = await import("execa");
  const result = await execa(call.program, call.args, {
    all: true,
    reject: false,
    stdin: "ignore",
    // What goes into a file has to be what a shell would put there.
    stripFinalNewline: { stdout: false },
    timeout: call.timeoutMs,
    ...(call.env && { env: call.env }),
    ...(call.cwd && { cwd: call.cwd }),
    ...(call.signal && { cancelSignal: call.signal }),
  });
  if (!result.failed) return { stdout: result.stdout, stderr: result.stderr, all: result.all };
  if (result.isCanceled) throw new AbortedError(`${call.stage}: stopped`, { cause: result.cause });
  if (result.code === "ENOENT" || result.code === "EACCES") {
    throw new ToolMissingError(`${call.stage}: ${call.program} cannot be started: ${result.code}`);
  }
  throw new ToolError({
    tool: call.program,
    stage: call.stage,
    command: call.cwd === undefined ? result.escapedCommand : `cd ${shellWord(call.cwd)} && ${result.escapedCommand}`,
    exitCode: result.exitCode,
    signal: result.signal,
    stderr: result.timedOut ? `no answer within ${call.timeoutMs / 1000} s\n${result.all}` : result.all,
  });
}
