import { type Command, Option } from "commander";
import type { PackOptions } from "./commands/pack.ts";
import { parseCount } from "./options.ts";

/** Every option of `pack`, as commander stores it. */
interface PackRawOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly output: string;
  readonly packager: PackOptions["packager"];
  readonly device?: string;
  readonly buffers: number;
  readonly kernelName: string;
  readonly instanceName: string;
  readonly keep?: string;
}

export type PackInvocation = {
  readonly command: "pack";
  readonly options: PackOptions;
  readonly json: boolean;
  readonly verbose: boolean;
};

export function addPackCommand(program: Command, invoke: (invocation: PackInvocation) => void): void {
  program
    .command("pack")
    .argument("<files...>", "the CDO files of aie-translate (elfs, init, enable), or a PDI")
    .description("pack CDO files into a PDI or an xclbin for hardware, or a PDI into an xclbin")
    .requiredOption("-o, --output <file>", "what to write: NAME.pdi or NAME.xclbin")
    .option("--device <device>", "device that the design is for: npu1_1col, npu2")
    .option("--buffers <count>", "host buffers of the kernel", parseCount, 5)
    .option("--kernel-name <name>", "name that hosts look up", "MLIR_AIE")
    .option("--instance-name <name>", "name of its instance", "MLIRAIE")
    .addOption(
      new Option("--packager <packager>", "own writers, or bootgen and xclbinutil, found as aiekit doctor does")
        .choices(["own", "tools"])
        .default("own"),
    )
    .option("--keep <folder>", "keep the files of bootgen and xclbinutil there")
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples}`)
    .action((files: string[], o: PackRawOptions) => {
      const { output, packager, device, buffers, kernelName, instanceName, keep } = o;
      const options = { files, output, packager, device, buffers, kernelName, instanceName, keep };
      invoke({ command: "pack", json: o.json === true, verbose: o.verbose === true, options });
    });
}

const examples = `  aiekit pack main_aie_cdo_elfs.bin main_aie_cdo_init.bin main_aie_cdo_enable.bin -o main.pdi
  aiekit pack main.pdi --device npu1_1col -o final.xclbin
  aiekit pack main.pdi --device npu2 --buffers 6 --packager tools --keep build/pack -o final.xclbin`;
