import { type Command, Option } from "commander";
import type { LintOptions } from "./commands/lint.ts";

/** Every option of `lint`, as commander stores it. */
interface LintRawOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly insts?: string;
  readonly device?: LintOptions["device"];
}

export type LintInvocation = {
  readonly command: "lint";
  readonly options: LintOptions;
  readonly json: boolean;
  readonly verbose: boolean;
};

export function addLintCommand(program: Command, invoke: (invocation: LintInvocation) => void): void {
  program
    .command("lint")
    .argument("<file>", "an xclbin")
    .description(
      "find what makes XRT refuse an xclbin or go wrong in silence, with cause and cure; exit code 1 on an error",
    )
    .option("--insts <file>", "also the instruction stream that is to run with it")
    .addOption(new Option("--device <device>", "what it is to run on").choices(["npu1", "npu2"]))
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples}`)
    .action((file: string, o: LintRawOptions) => {
      const options = { file, insts: o.insts, device: o.device };
      invoke({ command: "lint", json: o.json === true, verbose: o.verbose === true, options });
    });
}

const examples = `  aiekit lint final.xclbin
  aiekit lint final.xclbin --insts insts.bin --device npu1
  aiekit lint final.xclbin --json`;
