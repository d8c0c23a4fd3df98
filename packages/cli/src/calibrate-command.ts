import type { Command } from "commander";
import type { CalibrateOptions } from "./commands/calibrate.ts";

/** A parsed command line of `aiekit calibrate`. */
export interface CalibrateInvocation {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly command: "calibrate";
  readonly options: CalibrateOptions;
}

/** The command that holds the cost model against published measurements. */
export function addCalibrateCommand(program: Command, invoke: (invocation: CalibrateInvocation) => void): void {
  program
    .command("calibrate")
    .description("hold the modelled times against published measurements of silicon, row by row")
    .requiredOption("--rows <file>", "JSON: {rows: [{id, device, kind, source, and the measurement}]}")
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\n${kinds}\n\nExamples:\n${examples}`)
    .action((o: { readonly rows: string; readonly json?: boolean; readonly verbose?: boolean }) => {
      const options = { rows: o.rows };
      invoke({ command: "calibrate", json: o.json === true, verbose: o.verbose === true, options });
    });
}

const kinds = `Kinds: gemm (dtype, M, K, N, cores), gemm-best (dtype), latency (what), dma (what, words), whisper-encoder (model, context).
Measurements: gflops, gops, tflops, tops, s, ms, us, cycles, words_per_cycle, or one of them with _min and _max.`;

const examples = `  aiekit calibrate --rows packages/sim/fixtures/silicon.json
  aiekit calibrate --rows measured-here.json --json`;
