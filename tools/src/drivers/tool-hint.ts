import { ToolError, ToolMissingError } from "@aiekit/core";

/** A message of a tool, or a part of it, and what to do about it. */
export interface KnownMessage {
  readonly says: RegExp;
  readonly hint: string;
}

/** Runs a tool; its failure gets the hint of the first message that is known. */
export async function withHint<T>(known: readonly KnownMessage[], run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const hint = known.find(({ says }) => says.test(error.failure.stderr))?.hint;
    throw hint === undefined ? error : new ToolError(error.failure, { hint, cause: error });
  }
}

/** Runs a tool; where it is not there, the error says what gets it. */
export async function withCure<T>(hint: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ToolMissingError) || error.hint !== undefined) throw error;
    throw new ToolMissingError(error.message, { hint, cause: error });
  }
}
