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

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /\u001b\[[0-9;]*m|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * Text with names out of files, for a terminal: control characters are told by their number, so that a file cannot move the
 * cursor or change the terminal. Colours, lines and tabs stay.
 */
export function tamedText(text: string): string {
  return text.replace(controls, (found) =>
    found.length > 1 ? found : `\\x${found.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
