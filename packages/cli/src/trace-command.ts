import { type Command, InvalidArgumentError } from "commander";
import type { TraceOptions } from "./commands/trace.ts";

/** A parsed command line of `aiekit trace`. */
export interface TraceInvocation {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly command: "trace";
  readonly options: TraceOptions;
}

/** The command that reads what trace units of hardware wrote. */
export function addTraceCommand(program: Command, invoke: (invocation: TraceInvocation) => void): void {
  program
    .command("trace")
    .argument("<file>", "buffer of trace packets: 32-bit words, binary, .npy, or one hexadecimal word a line")
    .description("read trace packets, of an NPU or of sim: events by name, kernel times, ui.perfetto.dev")
    .requiredOption("--design <file>", "the .mlir file whose runtime sequence sets the trace units")
    .option("--out <file>", "write a track for each event, for ui.perfetto.dev")
    .option("--sequence <name>", "runtime sequence that ran, where the design has several")
    .option("--device-name <name>", "aie.device that ran, where the file has several")
    .option("--lowered", "the design is lowered, by this program or by aie-opt")
    .option("--insts <file>", "instruction stream that ran in place of the sequence's own")
    .option(
      "--column-shift <count>",
      "columns by which the partition lay right of the design's; found when left out",
      columns,
    )
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples}`)
    .action((file: string, o: TraceRawOptions) => {
      const { design, out, sequence, deviceName, lowered = false, insts, columnShift } = o;
      const options = { file, design, out, sequence, deviceName, lowered, insts, columnShift };
      invoke({ command: "trace", json: o.json === true, verbose: o.verbose === true, options });
    });
}

interface TraceRawOptions {
  readonly design: string;
  readonly out?: string;
  readonly sequence?: string;
  readonly deviceName?: string;
  readonly lowered?: boolean;
  readonly insts?: string;
  readonly columnShift?: number;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

function columns(text: string): number {
  if (!/^-?\d{1,3}$/.test(text)) throw new InvalidArgumentError("Expected a whole number of columns.");
  return Number(text);
}

const examples = `  aiekit trace trace.bin --design design.mlir --out trace.json
  aiekit trace trace.txt --design design.addresses.mlir --lowered --insts insts.bin --column-shift 1 --json`;
