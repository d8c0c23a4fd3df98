import { basename } from "node:path";
import { FormatError } from "@aiekit/core";
import { describePdi, explainXclbin, fileKind, readXclbin, roundtrip, type Xclbin } from "@aiekit/xclbin";
import { warnUnlessAsBuilt } from "../as-built.ts";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { describeFile } from "../file-description.ts";
import { printFileDiff } from "../file-diff.ts";
import { printValue } from "../print-value.ts";
import { readInput } from "../read-input.ts";
import { roundtripLines } from "../roundtrip-lines.ts";

export interface InspectOptions {
  readonly file: string;
  /** A second file to compare with. */
  readonly other?: string | undefined;
  readonly explain: boolean;
  readonly roundtrip: boolean;
  readonly brief: boolean;
  readonly writes: boolean;
}

/**
 * `aiekit inspect`: what a build product holds. With a second file what differs, exit code 1 where something does; with
 * --explain exit code 1 when XRT would refuse the xclbin; with --roundtrip exit code 1 when it does not come back equal.
 */
export const inspect: Command<InspectOptions> = async (context, options) => {
  const { file, other, explain, brief, writes } = options;
  const bytes = await readInput(file, context.cwd);
  const name = basename(file);
  await warnUnlessAsBuilt(context, file, bytes);
  if (other !== undefined) {
    const second = { file: other, bytes: await readInput(other, context.cwd) };
    await warnUnlessAsBuilt(context, other, second.bytes);
    return printFileDiff(context, { file, bytes }, second);
  }
  if (options.roundtrip) {
    const result = roundtrip(bytes, name);
    printValue(context, result, roundtripLines(result));
    return result.equal ? exitCodes.ok : exitCodes.failed;
  }
  if (explain) {
    const kind = fileKind(bytes, file);
    if (kind !== "xclbin") {
      const found = kind === "manifest" ? "a manifest" : kind === "instruction stream" ? "no xclbin" : `a ${kind} file`;
      throw new FormatError(`${file}: --explain expects an xclbin, got ${found}`);
    }
    return printProblems(context, readXclbin(bytes, name));
  }
  const { value, lines } = describeFile(bytes, name, { brief, writes });
  printValue(context, value, lines);
  return exitCodes.ok;
};

function printProblems(context: CommandContext, xclbin: Xclbin) {
  const { name } = xclbin;
  const problems = explainXclbin(xclbin);
  const lines = problems.flatMap(({ section, what, xrtSays, hint }, i) => [
    `${i + 1}. ${context.colors.bold(section)}: ${what}`,
    `   XRT says: ${xrtSays}`,
    `   ${context.colors.cyan("hint:")} ${hint}`,
  ]);
  const none = `${name}: XRT finds everything that it looks for`;
  const forSimulator =
    xclbin.partition?.pdis.some(({ image }) => describePdi(image).kind === "simulator image") === true;
  const note = forSimulator ? ["note: its PDI is an image for the simulator; no NPU starts from it"] : [];
  printValue(context, { name, problems, forSimulator }, [
    ...(problems.length === 0 ? [none] : [`${name}: in XRT's order`, ...lines]),
    ...note,
  ]);
  return problems.length === 0 ? exitCodes.ok : exitCodes.failed;
}
