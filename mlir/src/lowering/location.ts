import { BudgetError, DesignError } from "@aiekit/core";
import type { Operation } from "../ir/operation.ts";

/** Runs one step of the lowering of `op`; its errors then say where in the design's text `op` stands. */
export function withLocation<T>(op: Operation, step: () => T): T {
  try {
    return step();
  } catch (error) {
    const { loc } = op;
    if (loc === undefined || !(error instanceof DesignError || error instanceof BudgetError)) throw error;
    const where = `${loc.file}:${loc.line}:${loc.column}: `;
    // An outer operation knows less well where it happened.
    if (error.message.startsWith(`${loc.file}:`)) throw error;
    const Kind = error instanceof BudgetError ? BudgetError : DesignError;
    throw new Kind(where + error.message, { ...(error.hint !== undefined && { hint: error.hint }), cause: error });
  }
}
