import { basename } from "node:path";
import { type LintDevice, type LintFinding, lintRules, lintXclbin } from "@aiekit/xclbin";
import { warnUnlessAsBuilt } from "../as-built.ts";
import type { Command } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printValue } from "../print-value.ts";
import { readInput } from "../read-input.ts";
import type { Colors } from "../terminal.ts";

export interface LintOptions {
  readonly file: string;
  readonly insts: string | undefined;
  readonly device: LintDevice | undefined;
}

/** `aiekit lint`: what makes XRT refuse an xclbin or go wrong in silence. Exit code 1 where an error is found. */
export const lint: Command<LintOptions> = async (context, { file, insts, device }) => {
  const bytes = await readInput(file, context.cwd);
  const stream =
    insts === undefined ? undefined : { name: basename(insts), bytes: await readInput(insts, context.cwd) };
  await warnUnlessAsBuilt(context, file, bytes);
  if (insts !== undefined && stream !== undefined) await warnUnlessAsBuilt(context, insts, stream.bytes);
  const name = basename(file);
  const findings = lintXclbin({ name, bytes, device, stream });
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const for_ = device === undefined ? "" : ` on ${device}`;
  const checked = `${Object.keys(lintRules).length} rules${stream === undefined ? ", none of them on instructions: give --insts" : ""}`;
  printValue(context, { name, device: device ?? null, stream: stream?.name ?? null, findings }, [
    ...findings.flatMap((finding, i) => findingLines(finding, i, context.colors)),
    findings.length === 0
      ? `${name}: nothing found${for_} (${checked})`
      : `${name}: ${errors} error(s), ${findings.length - errors} other finding(s)${for_}`,
  ]);
  return errors === 0 ? exitCodes.ok : exitCodes.failed;
};

function findingLines(finding: LintFinding, i: number, colors: Colors): string[] {
  const { code, severity, where, cause, offset, effect, cure } = finding;
  const place = offset === undefined ? where : `${where}, byte ${offset}`;
  const level = severity === "error" ? colors.red(severity) : colors.bold(severity);
  return [
    `${i + 1}. ${level} ${code}: ${place}: ${cause}`,
    `   then:  ${effect}`,
    `   ${colors.cyan("cure:")}  ${cure}`,
  ];
}
