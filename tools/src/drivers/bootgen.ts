import { ToolMissingError } from "@aiekit/core";
import { howToGet } from "../toolchain/find-tools.ts";
import { runTool } from "./run-tool.ts";
import { type KnownMessage, withCure, withHint } from "./tool-hint.ts";

/** bootgen -arch versal: CDO files, listed in a BIF, to a PDI. */
interface BootgenCall {
  readonly program: string;
  /** Where it runs; the names below are in it. bootgen splits its command line at blanks, so paths are kept out of it. */
  readonly folder: string;
  readonly bif: string;
  /** Overwritten where it exists. */
  readonly pdi: string;
  readonly stage: string;
  readonly signal?: AbortSignal | undefined;
}

const timeoutMs = 120_000;

// bootgen 2022.2 and 2023.2, as run.
const knownMessages: readonly KnownMessage[] = [
  {
    says: /cannot open file: |Unable to open file/,
    hint: "a file of the BIF is not there; their names are relative to the folder in which bootgen runs",
  },
  {
    says: /Error parsing CDO file|Incorrect cdo length|Cannot read empty file/,
    hint: "a CDO file is empty or damaged: make it again with aie-translate --aie-generate-cdo",
  },
  {
    says: /already exists in the path/,
    hint: "give bootgen -w, which overwrites",
  },
  {
    says: /Cannot write output file/,
    hint: "the output's folder is not there or may not be written to",
  },
  {
    says: /BIF file - .*parsing failed|Command line parsing failed|Cannot read file - /,
    hint: "bootgen takes no blank, comma, semicolon or letter outside ASCII in a file name: run it in the files' folder",
  },
];

export function bootgenArgs({ bif, pdi }: Pick<BootgenCall, "bif" | "pdi">): readonly string[] {
  return ["-arch", "versal", "-image", bif, "-o", pdi, "-w"];
}

/**
 * Its exit code is 0 also where the disk was full: the file is to be read back.
 * @throws ToolError with bootgen's own words, ToolMissingError, AbortedError.
 */
export async function runBootgen(call: BootgenCall): Promise<void> {
  const { program, folder, stage, signal } = call;
  const tool = { program, args: bootgenArgs(call), cwd: folder, stage, timeoutMs, signal };
  await withHint(knownMessages, () => runTool(tool));
}

const cure = `${howToGet.bootgen}; without --packager tools it is not needed`;

/** `2022.2`, from the banner that it prints above its help. */
export async function bootgenVersion(program: string, signal?: AbortSignal): Promise<string> {
  const stage = "version of bootgen";
  const printed = await withCure(cure, () => runTool({ program, args: [], stage, timeoutMs, signal }));
  const version = /Bootgen v(\S+)/.exec(printed)?.[1];
  if (version !== undefined) return version;
  throw new ToolMissingError(`${stage}: ${program}: expected "Xilinx Bootgen v...", got ${firstLine(printed)}`, {
    hint: `other programs are called bootgen too: ${cure}`,
  });
}

function firstLine(text: string): string {
  return JSON.stringify(text.trim().split("\n")[0] ?? "");
}
