import type { CommandContext } from "./command-context.ts";
import { tamedText } from "./terminal.ts";

/** Prints a command's result: one JSON value with --json, else its lines. 64-bit numbers become hexadecimal text. */
export function printValue(context: CommandContext, value: unknown, lines: readonly string[]): void {
  const text = context.json
    ? JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `0x${v.toString(16)}` : v), 2)
    : tamedText(lines.join("\n"));
  context.stdout.write(`${text}\n`);
}
