import type { Command } from "commander";
import type { DrawOptions } from "./commands/draw.ts";
import { npuOption } from "./device-options.ts";
import { collectParam } from "./options.ts";

/** A parsed command line of `aiekit draw`. */
export interface DrawInvocation {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly command: "draw";
  readonly options: DrawOptions;
}

/** The command that draws a design on the array. */
export function addDrawCommand(program: Command, invoke: (invocation: DrawInvocation) => void): void {
  program
    .command("draw")
    .argument("<design>", "an .mlir file of the AIE dialect, or a kernel, see: aiekit kernels")
    .description("draw the array that a design makes: tiles, kernels, objectFifos, memory maps and use, as SVG or PNG")
    .requiredOption("--out <file>", "picture to write: .svg or .png")
    .option("--lowered", "the file is lowered, by this program or by aie-opt")
    .option("--device-name <name>", "aie.device to draw, where the file has several")
    .option("--param <name=value>", "parameter of the kernel's design, may be repeated", collectParam)
    .addOption(npuOption())
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout: the file, tiles with their use, links")
    .addHelpText("after", `\nExamples:\n${examples}`)
    .action((design: string, o: DrawRawOptions) => {
      const { out, lowered = false, deviceName, npu, param = {} } = o;
      const options = { design, out, lowered, deviceName, npu, params: param };
      invoke({ command: "draw", json: o.json === true, verbose: o.verbose === true, options });
    });
}

interface DrawRawOptions {
  readonly out: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly lowered?: boolean;
  readonly deviceName?: string;
  readonly npu?: string;
  readonly param?: Readonly<Record<string, number | string>>;
}

const examples = `  aiekit draw design.mlir --out design.svg
  aiekit draw matmul --param array=column --out matmul.png
  aiekit draw mlir/fixtures/conformance/core-scf-if.addresses.mlir --lowered --out routed.svg --json`;
