import { type Command, Option } from "commander";
import type { CalibrateOptions } from "./commands/calibrate.ts";

/** A parsed command line of `aiekit calibrate`. */
export interface CalibrateInvocation {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly command: "calibrate";
  readonly options: CalibrateOptions;
}

interface Given extends CalibrateOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** The command that holds the cost model against published measurements. */
export function addCalibrateCommand(program: Command, invoke: (invocation: CalibrateInvocation) => void): void {
  const leaveOut = new Option(
    "--leave-out <what>",
    "also fit again without each row, or each source, and predict it from that",
  );
  program
    .command("calibrate")
    .description("hold the modelled times against published measurements of silicon, row by row")
    .requiredOption(
      "--rows <file>",
      "JSON: {rows: [{id, device, kind, source, and the measurement}]}, the list alone, or one object a line",
    )
    .addOption(leaveOut.choices(["row", "source"]))
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\n${kinds}\n\nExamples:\n${examples}`)
    .action(({ rows, leaveOut: by, json, verbose }: Given) => {
      const options = { rows, leaveOut: by };
      invoke({ command: "calibrate", json: json === true, verbose: verbose === true, options });
    });
}

const kinds = `Kinds, with their fields; those in brackets may be left out:
  gemm             dtype, M, K, N, [cores, kernels (tuned, generated), clock_mhz]
  gemm-best        dtype, [cores, clock_mhz]: the best rate over shapes, of kernels tuned by hand
  latency          what: names a launch, a context switch, MxKxN, the mailbox or a lock, [dtype]
  dma              what, [words or bytes, columns, channels (of each), direction (MM2S, S2MM, both), clock_mhz]
  whisper-encoder  model (tiny to large), [context (positions), what, clock_mhz]
Types: int8, int16, bf16, bfp16. Measurements: gflops, gops, tflops, tops, s, ms, us, cycles, words_per_cycle,
bytes_per_cycle, gb_per_s, mb_per_s, or one of them with _min and _max.`;

const examples = `  aiekit calibrate --rows packages/sim/fixtures/silicon.json
  aiekit calibrate --rows packages/sim/fixtures/silicon.json --leave-out source
  aiekit calibrate --rows measured-here.json --json`;
