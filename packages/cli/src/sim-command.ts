import type { Command } from "commander";
import type { SimOptions } from "./commands/sim.ts";
import { collectDefine, collectInput, collectKernel, collectText, type InputOption, parseCount } from "./options.ts";

/** A parsed command line of `aiekit sim`. */
export interface SimInvocation {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly command: "sim";
  readonly options: SimOptions;
}

/** The command that runs a stranger's design, and how its options become those of commands/sim.ts. */
export function addSimCommand(program: Command, invoke: (invocation: SimInvocation) => void): void {
  program
    .command("sim")
    .argument("<design>", "an .mlir file of the AIE dialect")
    .description("run a design of your own, with its C++ files, on the simulated array")
    .option("--kernel <[object.o=]file>", "C++ source that cores call into; repeat for more", collectKernel)
    .option("-I, --include <folder>", "folder with headers of the kernels, may be repeated", collectText)
    .option("-D, --define <name[=value]>", "macro for the kernels, may be repeated", collectDefine)
    .option("--in <[name=]file>", "input .npy, one for each argument that is read, or: zeros", collectInput)
    .option(
      "--out <[name=]file>",
      "output .npy, one for each argument that is written and not compared (--expect); trace packets: for aiekit trace",
      collectInput,
    )
    .option(
      "--expect <[name=]file>",
      "output must equal this .npy bit for bit; else who wrote the difference",
      collectInput,
    )
    .option("--sequence <name>", "runtime sequence to run, where the design has several")
    .option("--device-name <name>", "aie.device to run, where the file has several")
    .option("--lowered", "the design is lowered, by this program or by aie-opt")
    .option("--insts <file>", "run this instruction stream in place of the sequence's own")
    .option("--runs <count>", "run so many times on the same array", parseCount, 1)
    .option("--check", "look for use after release, never-written memory, kernels beside their arguments; slower")
    .option("--trace <file>", "write what cores, DMA channels and locks did, for ui.perfetto.dev; times are modelled")
    .option("--time", "print where the time of the last run went, and what binds each kernel; all of it modelled")
    .option("--roofline <file>", "draw the kernels under the roofs of a core, modelled: .svg or .png")
    .option(
      "--use",
      "print what the design takes of memory, BDs, locks, channels, stream ports and contexts; run nothing",
    )
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples}`)
    .action((design: string, o: SimRawOptions) => {
      invoke({
        command: "sim",
        json: o.json === true,
        verbose: o.verbose === true,
        options: simOptions(design, o),
      });
    });
}

/** `--out` may be repeated and files may be named. */
interface SimRawOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly in?: readonly InputOption[];
  readonly out?: readonly InputOption[];
  readonly expect?: readonly InputOption[];
  readonly kernel?: readonly InputOption[];
  readonly include?: readonly string[];
  readonly define?: Readonly<Record<string, string | number>>;
  readonly sequence?: string;
  readonly deviceName?: string;
  readonly lowered?: boolean;
  readonly insts?: string;
  readonly runs: number;
  readonly check?: boolean;
  readonly use?: boolean;
  readonly trace?: string;
  readonly time?: boolean;
  readonly roofline?: string;
}

function simOptions(design: string, o: SimRawOptions): SimOptions {
  return {
    design,
    kernels: o.kernel ?? [],
    includeFolders: o.include ?? [],
    defines: o.define ?? {},
    inputs: o.in ?? [],
    outputs: o.out ?? [],
    expected: o.expect ?? [],
    sequence: o.sequence,
    deviceName: o.deviceName,
    lowered: o.lowered === true,
    insts: o.insts,
    runs: o.runs,
    checked: o.check === true,
    usesOnly: o.use === true,
    trace: o.trace,
    time: o.time === true,
    roofline: o.roofline,
  };
}

const examples = `  aiekit sim design.mlir --kernel scale.cc --in a.npy --out c.npy
  aiekit sim design.mlir --kernel scale.cc --in a.npy --out c.npy --check
  aiekit sim design.mlir --kernel scale.cc --in a.npy --expect right.npy
  aiekit sim design.mlir --use
  aiekit sim design.mlir --kernel scale.cc --in a.npy --out c.npy --trace trace.json
  aiekit sim design.mlir --kernel scale.cc --in a.npy --out c.npy --time --roofline roofline.svg
  aiekit sim mlir/fixtures/conformance/passthrough-compute-i32.mlir --in zeros --out out.npy
  aiekit sim mlir/fixtures/conformance/two-sequences.mlir --sequence twice --in A=zeros --out B=b.npy --runs 3
  aiekit sim mlir/fixtures/conformance/core-scf-if.addresses.mlir --lowered --insts mlir/fixtures/conformance/core-scf-if.insts.bin --in zeros --out out.npy --json`;
