import type { Location } from "./operation.ts";

/** What a check found. The message names the fact, `hint` says what to do. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly loc?: Location | undefined;
  /** Name of the operation it is about, for example `aie.lock`. */
  readonly op?: string;
  readonly hint?: string;
  /** A warning that a register or a buffer of the hardware cannot hold what is written: it would be cut, or go elsewhere. */
  readonly beyondLimit?: true;
}

/** `FILE:LINE:COLUMN: error: 'OP' op MESSAGE`, the form MLIR tools print, with the hint on a line of its own. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { loc, severity, op, message, hint } = diagnostic;
  const where = loc ? `${loc.file}:${loc.line}:${loc.column}` : "<unknown>:0";
  const about = op === undefined ? "" : `'${op}' op `;
  return `${where}: ${severity}: ${about}${message}${hint === undefined ? "" : `\n  hint: ${hint}`}`;
}
