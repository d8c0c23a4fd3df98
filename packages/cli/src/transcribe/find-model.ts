import { UsageError } from "@aiekit/core";
import { demoModelPath } from "@aiekit/pipeline";
import type { CommandContext } from "../command-context.ts";
import { findModelFolder, isFolder } from "../models/models-folder.ts";

interface FoundModel {
  readonly folder: string;
  /** Said where nobody named the model. */
  readonly note: string | undefined;
}

/** A model's folder; that of the demo model where none is named. @throws UsageError for one that is not there. */
export async function findModel(name: string | undefined, context: CommandContext): Promise<FoundModel> {
  if (name !== undefined) {
    return { folder: await findModelFolder(name, context.cwd, context.environment.variables), note: undefined };
  }
  if (!(await isFolder(demoModelPath))) {
    throw new UsageError("model: expected --model NAME: this build carries no demo model", {
      hint: "aiekit models get tiny; aiekit transcribe --model tiny ...",
    });
  }
  const note =
    "model: the demo model, which knows some hundred words of English: numbers, dates, times, commands; --model for others";
  return { folder: demoModelPath, note };
}
