import { UsageError } from "@aiekit/core";
import { CommanderError } from "commander";
import type { CommandContext } from "./command-context.ts";
import { checkEnvironment, type Environment } from "./environment.ts";
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-codes.ts";
import { errorRecord, formatError, formatInterrupt } from "./print-error.ts";
import { type Invocation, parseCommandLine } from "./program.ts";
import { createProgress } from "./progress.ts";
import { colorsFor, type OutputStream } from "./terminal.ts";

export interface CliOptions {
  readonly argv: readonly string[];
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly environment: Environment;
  readonly cwd: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Runs one command line and returns the exit code. Prints every error itself; throws nothing. */
export async function runCli(cli: CliOptions): Promise<ExitCode> {
  let invocation: Invocation | undefined;
  try {
    invocation = parseCommandLine(cli.argv, cli);
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(error, cli, undefined);
    // Commander has printed its complaint; code 0 is --help and --version.
    if (error.exitCode === 0) return exitCodes.ok;
    if (cli.argv.includes("--json")) {
      const usage = new UsageError(error.message.replace(/^error: /, ""));
      cli.stdout.write(`${JSON.stringify(errorRecord(usage))}\n`);
    }
    return exitCodes.usage;
  }
  if (invocation === undefined) return exitCodes.ok;
  try {
    checkEnvironment(cli.environment);
    return await execute(invocation, createContext(cli, invocation));
  } catch (error) {
    return report(error, cli, invocation);
  }
}

function createContext(cli: CliOptions, invocation: Invocation): CommandContext {
  const { stdout, stderr, stdin, environment, cwd, signal } = cli;
  const interactive = stderr.isTTY === true && !environment.ci;
  return {
    stdout,
    stderr,
    stdin,
    environment,
    cwd,
    signal,
    colors: colorsFor(stdout, environment),
    progress: createProgress({ stream: stderr, interactive, nowMs: () => performance.now() }),
    json: invocation.json,
    verbose: invocation.verbose,
  };
}

// Each command is imported when it is called, so that `aiekit --help` does not load the compiler's or the simulator's code.
async function execute(invocation: Invocation, context: CommandContext): Promise<ExitCode> {
  switch (invocation.command) {
    case "build":
      return (await import("./commands/build.ts")).build(context, invocation.options);
    case "run":
      return (await import("./commands/run.ts")).run(context, invocation.options);
    case "sim":
      return (await import("./commands/sim.ts")).sim(context, invocation.options);
    case "validate":
      return (await import("./commands/validate.ts")).validate(context, invocation.options);
    case "rounding":
      return (await import("./commands/rounding.ts")).rounding(context, invocation.options);
    case "bench":
      return (await import("./commands/bench.ts")).bench(context, invocation.options);
    case "inspect":
      return (await import("./commands/inspect.ts")).inspect(context, invocation.options);
    case "pack":
      return (await import("./commands/pack.ts")).pack(context, invocation.options);
    case "calibrate":
      return (await import("./commands/calibrate.ts")).calibrate(context, invocation.options);
    case "draw":
      return (await import("./commands/draw.ts")).draw(context, invocation.options);
    case "trace":
      return (await import("./commands/trace.ts")).trace(context, invocation.options);
    case "lint":
      return (await import("./commands/lint.ts")).lint(context, invocation.options);
    case "models":
      return (await import("./commands/models.ts")).models(context, invocation.options);
    case "transcribe":
      return (await import("./commands/transcribe.ts")).transcribe(context, invocation.options);
    case "doctor":
      return (await import("./commands/doctor.ts")).doctor(context, invocation.options);
    case "devices":
      return (await import("./commands/devices.ts")).devices(context, invocation.options);
    case "evidence":
      return (await import("./commands/evidence.ts")).evidence(context, invocation.options);
    case "toolchain":
      return (await import("./commands/toolchain.ts")).toolchain(context, invocation.options);
    case "demo":
      return (await import("./commands/demo.ts")).demo(context, invocation.options);
    case "conformance":
      return (await import("./commands/conformance.ts")).conformance(context, invocation.options);
    case "new":
      return (await import("./commands/new.ts")).create(context, invocation.options);
    case "quantise":
      return (await import("./commands/quantise.ts")).quantise(context, invocation.options);
    case "kernels":
      return (await import("./commands/kernels.ts")).kernels(context, invocation.options);
  }
}

function report(error: unknown, cli: CliOptions, invocation: Invocation | undefined): ExitCode {
  const colors = colorsFor(cli.stderr, cli.environment);
  if (invocation?.json) cli.stdout.write(`${JSON.stringify(errorRecord(error))}\n`);
  const code = exitCodeOf(error);
  const format = code === exitCodes.interrupted && cli.signal.aborted ? formatInterrupt : formatError;
  cli.stderr.write(format(error, { colors, verbose: invocation?.verbose === true }));
  return code;
}
