import type { CommandContext } from "../command-context.ts";

/** With --json, a value on a line of its own. */
export function printRecord(context: CommandContext, record: unknown): void {
  if (context.json) context.stdout.write(`${JSON.stringify(record)}\n`);
}
