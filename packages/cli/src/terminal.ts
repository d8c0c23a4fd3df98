import pc from "picocolors";
import type { Environment } from "./environment.ts";

/** A place to print to: process.stdout, process.stderr, or a test's buffer. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export type Colors = ReturnType<typeof pc.createColors>;

/** Colours for a stream: as NO_COLOR and FORCE_COLOR say, else only on a terminal. */
export function colorsFor(stream: OutputStream, environment: Environment): Colors {
  return pc.createColors(environment.color ?? stream.isTTY === true);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence starts with the control character ESC
const escapes = /\u001b\[[0-9;]*m/g;

/** Columns that `text` takes on a terminal. */
export function visibleWidth(text: string): number {
  return text.replace(escapes, "").length;
}
