import { Argument, type Command } from "commander";
import type { QuantiseOptions } from "./commands/quantise.ts";
import { collectParam, parsePositive } from "./options.ts";

/** A parsed command line of `aiekit quantise`. */
export interface QuantiseInvocation {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly command: "quantise";
  readonly options: QuantiseOptions;
}

export function addQuantiseCommand(program: Command, invoke: (invocation: QuantiseInvocation) => void): void {
  program
    .command("quantise")
    .addArgument(new Argument("<what>", "what to do").choices(["calibrate"]))
    .description("find ranges and scales of what goes into the products of a Whisper encoder, from clips of speech")
    .requiredOption("--clips <path>", "a recording, or a folder of them")
    .requiredOption(
      "--weights <source>",
      "folder of a Whisper model or of .npy files, or random:SEED in the sizes of whisper-tiny",
    )
    .requiredOption("--out <file>", "where to write the calibration, JSON")
    .option("--seconds <count>", "take so much of each clip at most", parsePositive, 30)
    .option("--percentile <percent>", "of magnitudes, for a range that gives up the largest", parsePositive, 99.99)
    .option("--param <name=value>", "heads; with random weights also width, ffn, layers, mels", collectParam)
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples}`)
    .action((what: "calibrate", o: QuantiseRawOptions) => {
      const { clips, weights, out, seconds, percentile, param: params = {} } = o;
      invoke({
        command: "quantise",
        json: o.json === true,
        verbose: o.verbose === true,
        options: { what, clips, weights, out, seconds, percentile, params },
      });
    });
}

/** Every option of `quantise`, as commander stores it. */
interface QuantiseRawOptions extends Omit<QuantiseOptions, "what" | "params"> {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly param?: QuantiseOptions["params"];
}

const examples = `  aiekit quantise calibrate --clips clips/ --weights weights/ --out calibration.json
  aiekit quantise calibrate --clips speech.wav --weights random:1 --seconds 5 --out calibration.json`;
