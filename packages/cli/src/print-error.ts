import { AiekitError, type ErrorCode } from "@aiekit/core";
import { type Colors, tamedText } from "./terminal.ts";

interface ErrorView {
  readonly colors: Colors;
  /** Also print causes and stack traces. */
  readonly verbose: boolean;
}

/** An error for people: what failed, a hint where there is one, and with `verbose` what caused it. */
export function formatError(error: unknown, view: ErrorView): string {
  const { colors, verbose } = view;
  const lines = [`${colors.red("error:")} ${messageOf(error)}`];
  if (error instanceof AiekitError && error.hint !== undefined) lines.push(`${colors.cyan("hint:")} ${error.hint}`);
  if (verbose) {
    for (const cause of causesOf(error)) lines.push(`${colors.dim("cause:")} ${messageOf(cause)}`);
    if (error instanceof Error && error.stack !== undefined) lines.push(colors.dim(stackLines(error.stack)));
  } else if (!(error instanceof AiekitError)) {
    lines.push(`${colors.cyan("hint:")} this was not expected; run again with --verbose and report what it prints`);
  }
  return `${tamedText(lines.join("\n"))}\n`;
}

/** What Ctrl-C leaves on the terminal: the user knows why it stopped, so no error is told. */
export function formatInterrupt(error: unknown, { verbose }: ErrorView): string {
  return `stopped with Ctrl-C${verbose ? ` (${messageOf(error)})` : ""}\n`;
}

/** What `--json` prints on stdout when a command fails. */
interface ErrorRecord {
  readonly error: {
    readonly code: ErrorCode | "internal";
    readonly message: string;
    readonly hint?: string;
    /** A fault of the simulated array. */
    readonly fault?: FaultView;
  };
}

export function errorRecord(error: unknown): ErrorRecord {
  const known = error instanceof AiekitError ? error : undefined;
  const fault = [error, ...causesOf(error)].map(faultOf).find((found) => found !== undefined);
  return {
    error: {
      code: known?.code ?? "internal",
      message: messageOf(error),
      ...(known?.hint === undefined ? {} : { hint: known.hint }),
      ...(fault === undefined ? {} : { fault }),
    },
  };
}

/** What is told of a fault: all that has a name in the design. */
const toldOfFaults = [
  ...["cycle", "tile", "buffer", "element", "address", "objectFifo", "lock", "bd", "argument"],
  ...["waits", "waitsDone", "waitCycle", "waitFifos", "loc"],
];
type FaultView = { readonly kind: string } & Readonly<Record<string, unknown>>;

/** By shape and not by class: the class would load the simulator for every error that is printed. */
function faultOf(error: unknown): FaultView | undefined {
  const fault = (error as { readonly fault?: Readonly<Record<string, unknown>> } | null)?.fault;
  if (typeof fault?.kind !== "string") return undefined;
  const told = toldOfFaults.flatMap((key) => (fault[key] === undefined ? [] : [[key, fault[key]] as const]));
  return { kind: fault.kind, ...Object.fromEntries(told) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown[] = [];
  let next = error instanceof Error ? error.cause : undefined;
  while (next !== undefined && !causes.includes(next)) {
    causes.push(next);
    next = next instanceof Error ? next.cause : undefined;
  }
  return causes;
}

function stackLines(stack: string): string {
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .join("\n");
}
