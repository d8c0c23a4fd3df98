import { readFileSync } from "node:fs";
import type { Target } from "@aiekit/core";
import type { DeviceKind } from "@aiekit/host";
import type { InstsSource, PackagerName } from "@aiekit/tools";
import { Argument, Command, Option } from "commander";
import type { BenchOptions } from "./commands/bench.ts";
import type { BuildOptions } from "./commands/build.ts";
import type { ConformanceOptions } from "./commands/conformance.ts";
import type { DemoOptions } from "./commands/demo.ts";
import type { DoctorOptions } from "./commands/doctor.ts";
import type { InspectOptions } from "./commands/inspect.ts";
import type { NewOptions } from "./commands/new.ts";
import type { QuantiseOptions } from "./commands/quantise.ts";
import type { RoundingOptions } from "./commands/rounding.ts";
import type { RunOptions } from "./commands/run.ts";
import type { SimOptions } from "./commands/sim.ts";
import type { ToolchainAction, ToolchainOptions } from "./commands/toolchain.ts";
import type { ValidateOptions } from "./commands/validate.ts";
import { exitCodeHelp } from "./exit-codes.ts";
import type { KernelOnDevice } from "./kernel-on-device.ts";
import { addLintCommand, type LintInvocation } from "./lint-command.ts";
import {
  collectDefine,
  collectInput,
  collectKernel,
  collectName,
  collectParam,
  collectText,
  type InputOption,
  parseCount,
  parsePositive,
} from "./options.ts";
import { addPackCommand, type PackInvocation } from "./pack-command.ts";
import type { OutputStream } from "./terminal.ts";

/** One invocation as parsed: which command, its flags that concern printing, and its options. */
export type Invocation = { readonly json: boolean; readonly verbose: boolean } & (
  | Pick<PackInvocation, "command" | "options">
  | { readonly command: "build"; readonly options: BuildOptions }
  | { readonly command: "run"; readonly options: RunOptions }
  | { readonly command: "sim"; readonly options: SimOptions }
  | { readonly command: "validate"; readonly options: ValidateOptions }
  | { readonly command: "rounding"; readonly options: RoundingOptions }
  | { readonly command: "bench"; readonly options: BenchOptions }
  | { readonly command: "inspect"; readonly options: InspectOptions }
  | Pick<LintInvocation, "command" | "options">
  | { readonly command: "doctor"; readonly options: DoctorOptions }
  | { readonly command: "toolchain"; readonly options: ToolchainOptions }
  | { readonly command: "demo"; readonly options: DemoOptions }
  | { readonly command: "conformance"; readonly options: ConformanceOptions }
  | { readonly command: "kernels"; readonly options: NoOptions }
  | { readonly command: "new"; readonly options: NewOptions }
  | { readonly command: "quantise"; readonly options: QuantiseOptions }
);

/** A command that has only the flags for printing. */
export type NoOptions = Readonly<Record<string, never>>;

/**
 * Parses a command line (without `node` and the script). Help, version and complaints are printed to the streams.
 * @returns undefined when help or the version was printed and there is nothing left to do.
 * @throws CommanderError for a wrong command line, after it was printed.
 */
export function parseCommandLine(
  argv: readonly string[],
  streams: { readonly stdout: OutputStream; readonly stderr: OutputStream },
): Invocation | undefined {
  let invocation: Invocation | undefined;
  const program = defineProgram((next) => {
    invocation = next;
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride();
    command.configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
    command.showHelpAfterError(`(see ${command === program ? "aiekit" : `aiekit ${command.name()}`} --help)`);
  }
  program.parse(argv, { from: "user" });
  return invocation;
}

function defineProgram(invoke: (invocation: Invocation) => void): Command {
  const program = new Command("aiekit")
    .description("Write, build, check and run kernels for AMD XDNA NPUs; no NPU needed: --target sim is a simulator.")
    .version(packageVersion(), "-V, --version")
    .addHelpText("after", `\nExamples:\n${examples.program}\n\n${exitCodeHelp}`);

  program
    .command("build")
    .argument("<kernel>", "name of a kernel, see: aiekit kernels")
    .description("build a kernel: design, C++ sources, xclbin, instruction streams, manifest")
    .addOption(targetOption())
    .option("--param <name=value>", "parameter of the design, may be repeated", collectParam)
    .option("--watch", "build again whenever a source changes, until Ctrl-C")
    .option("--dry-run", "print the steps and whether they would run, and build nothing; npu1, npu2: as a shell script")
    .option("--force", "ignore what is cached")
    .option("--keep", "leave what every step made in <kernel>.prj beside the build")
    .addOption(
      new Option(
        "--insts <source>",
        "npu1, npu2: who makes the instruction streams (default: the tools, where they are)",
      ).choices(["own", "tools"]),
    )
    .addOption(
      new Option(
        "--packager <packager>",
        "npu1, npu2: who packs PDI and xclbin, this program or bootgen and xclbinutil (default: own)",
      ).choices(["own", "tools"]),
    )
    .option("--verbose", "print every step with its command, time and cache state")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.build}`)
    .action((kernel: string, o: RawOptions) => {
      const { target = "sim", watch = false, dryRun = false, force = false, keep = false, insts, packager } = o;
      invoke({
        command: "build",
        ...flags(o),
        options: { kernel, params: o.param ?? {}, target, watch, dryRun, force, keep, insts, packager },
      });
    });

  program
    .command("run")
    .argument("<kernel>", "name of a kernel, see: aiekit kernels")
    .description("run a kernel over a file; builds it first when it is stale")
    .requiredOption("--in <[name=]file>", "input: .npy, or a recording for PCM; repeat for more inputs", collectInput)
    .requiredOption("--out <file>", "where to write the output, .npy")
    .option("--param <name=value>", "parameter of the design, may be repeated", collectParam)
    .addOption(deviceOption())
    .option("--verbose", "print causes and phases")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.run}`)
    .action((kernel: string, o: RawOptions) => {
      const options = { ...onDevice(kernel, o), inputs: o.in ?? [], out: o.out ?? "" };
      invoke({ command: "run", ...flags(o), options });
    });

  program
    .command("sim")
    .argument("<design>", "an .mlir file of the AIE dialect")
    .description("run a design of your own, with its C++ files, on the simulated array")
    .option("--kernel <[object.o=]file>", "C++ source that cores call into; repeat for more", collectKernel)
    .option("-I, --include <folder>", "folder with headers of the kernels, may be repeated", collectText)
    .option("-D, --define <name[=value]>", "macro for the kernels, may be repeated", collectDefine)
    .option("--in <[name=]file>", "input .npy, one for each argument that is read, or: zeros", collectInput)
    .option("--out <[name=]file>", "output .npy, one for each argument that is written", collectInput)
    .option("--sequence <name>", "runtime sequence to run, where the design has several")
    .option("--device-name <name>", "aie.device to run, where the file has several")
    .option("--lowered", "the design is lowered, by this program or by aie-opt")
    .option("--insts <file>", "run this instruction stream in place of the sequence's own")
    .option("--runs <count>", "run so many times on the same array", parseCount, 1)
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.sim}`)
    .action((design: string, o: SimRawOptions) => {
      invoke({ command: "sim", ...flags(o), options: simOptions(design, o) });
    });

  program
    .command("validate")
    .argument("<kernel>", "name of a kernel, see: aiekit kernels")
    .description("run a kernel's correlation suite against its references; exit code 1 when it fails")
    .option("--param <name=value>", "parameter of the design, may be repeated", collectParam)
    .addOption(deviceOption())
    .option("--clips <count>", "number of clips, signals or shapes; all when left out", parseCount)
    .option("--report <folder>", "write report.html, report.json and report.xml (JUnit) there")
    .option("--verbose", "print causes and phases")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.validate}`)
    .action((kernel: string, o: RawOptions) => {
      const options = { ...onDevice(kernel, o), clips: o.clips, report: o.report };
      invoke({ command: "validate", ...flags(o), options });
    });

  program
    .command("rounding")
    .argument("<kernel>", "name of a kernel, see: aiekit kernels")
    .description("run a kernel's suite with every rounding mode, and print the bias of each")
    .option("--param <name=value>", "parameter of the design, may be repeated", collectParam)
    .addOption(deviceOption())
    .option("--clips <count>", "number of clips, signals or shapes; all when left out", parseCount)
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.rounding}`)
    .action((kernel: string, o: RawOptions) => {
      invoke({ command: "rounding", ...flags(o), options: { ...onDevice(kernel, o), clips: o.clips } });
    });

  program
    .command("bench")
    .argument("<kernel>", "name of a kernel, see: aiekit kernels; or encoder-layer, a chain of them")
    .description("time a kernel: correctness first, then wall time by phase, and modelled device time apart from it")
    .option("--param <name=value>", "parameter of the design, may be repeated", collectParam)
    .addOption(deviceOption())
    .option("--seconds <number>", "length of the audio", parsePositive, 10)
    .option("--build", "also time builds: cold, after an edit, without a change")
    .option("--verbose", "print causes and phases")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.bench}`)
    .action((kernel: string, o: RawOptions) => {
      const options = { ...onDevice(kernel, o), seconds: o.seconds ?? 10, build: o.build === true };
      invoke({ command: "bench", ...flags(o), options });
    });

  program
    .command("inspect")
    .argument(
      "<file>",
      "xclbin, PDI, CDO, instruction stream, core ELF or manifest.json; the kind is read from the content",
    )
    .argument("[other]", "a second file: print what differs, first what a design does; exit code 1 on any difference")
    .description("print what is in a build product: sections, kernels, register writes by name, BDs, operations")
    .option("--roundtrip", "read the file fully, write it back, and say whether it is equal; exit code 1 if not")
    .option("--brief", "one line a tile in place of its registers")
    .option("--writes", "also every command of a CDO, in order")
    .option("--explain", "xclbin only: what XRT would object to, in the order in which it looks")
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.inspect}`)
    .action((file: string, other: string | undefined, o: RawOptions) => {
      const [roundtrip, brief, writes] = [o.roundtrip === true, o.brief === true, o.writes === true];
      const options = { file, other, explain: o.explain === true, roundtrip, brief, writes };
      invoke({ command: "inspect", ...flags(o), options });
    });

  addPackCommand(program, invoke);
  addLintCommand(program, invoke);

  program
    .command("doctor")
    .description("check what this machine has for building and running, and say how to get what is missing")
    .addOption(targetOption())
    .option("--verbose", "print what every check is for and where it looked")
    .option("--json", "print one JSON value on stdout")
    .addHelpText(
      "after",
      `\nExit code 0: the target can be built and run here; 4: something that it needs is missing or broken. For sim, AMD's tools and an NPU are not needed.\n\nExamples:\n${examples.doctor}`,
    )
    .action((o: RawOptions) => invoke({ command: "doctor", ...flags(o), options: { target: o.target ?? "sim" } }));

  program
    .command("toolchain")
    .addArgument(new Argument("<action>", "what to do").choices(["install", "list", "verify", "path", "rm"]))
    .argument("[packages...]", "mlir_aie, llvm_aie; all when left out; rm also takes name@version")
    .description("install AMD's compilers for npu1 and npu2 as toolchain.lock.json pins them, verified by their hashes")
    .option("--mirror <url>", "get wheels from this folder in place of the release pages; or AIEKIT_TOOLCHAIN_MIRROR")
    .option("--wheel <file>", "install this wheel, may be repeated; no network is used", collectText)
    .option("--sha256 <hex>", "the wheel's hash, where the lock has none or another; may be repeated", collectText)
    .option("--trust-first-use", "believe a wheel without a known hash now, and hold later ones against it")
    .option("--force", "install again what is installed")
    .option("--downloads", "rm: only what is left of downloads that did not end")
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.toolchain}`)
    .action((action: ToolchainAction, packages: readonly string[], o: ToolchainRawOptions) => {
      invoke({ command: "toolchain", ...flags(o), options: toolchainOptions(action, packages, o) });
    });

  program
    .command("demo")
    .description("build the mel kernel for the simulator, run it over a recording, and compare it with the references")
    .option(
      "--wav <file>",
      "WAV, FLAC, MP3, Ogg, or what ffmpeg reads; the speech sample that comes with aiekit when left out",
    )
    .option("--out <folder>", "where to write the log-mel picture; the project's build folder when left out")
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.demo}`)
    .action((o: RawOptions) => {
      invoke({ command: "demo", ...flags(o), options: { wav: o.wav, out: o.out } });
    });

  program
    .command("conformance")
    .argument("<folder>", "designs with the answers of the real compiler; the form: mlir/fixtures/README.md")
    .description(
      "hold parser, verifier, lowering, router and encoder against a compiler's answers; exit code 1 on any difference",
    )
    .option("--only <design>", "compare this design, may be repeated", collectName)
    .option("--verbose", "print what was left out and why, and causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.conformance}`)
    .action((folder: string, o: RawOptions) => {
      invoke({ command: "conformance", ...flags(o), options: { folder, only: o.only ?? [] } });
    });

  program
    .command("kernels")
    .description("list the kernels and their parameters")
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.kernels}`)
    .action((o: RawOptions) => invoke({ command: "kernels", ...flags(o), options: {} }));

  program
    .command("new")
    .addArgument(new Argument("<what>", "what to make").choices(["kernel"]))
    .argument("<name>", "its name: lower-case letters and digits")
    .description("make a kernel's skeleton: C++, design, reference, suite and tests, which build and pass as they are")
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.new}`)
    .action((what: "kernel", name: string, o: RawOptions) =>
      invoke({ command: "new", ...flags(o), options: { what, name } }),
    );

  program
    .command("quantise")
    .addArgument(new Argument("<what>", "what to do").choices(["calibrate"]))
    .description("find ranges and scales of what goes into the products of a Whisper encoder, from clips of speech")
    .requiredOption("--clips <path>", "a recording, or a folder of them")
    .requiredOption("--weights <source>", "folder of .npy files, or random:SEED in the sizes of whisper-tiny")
    .requiredOption("--out <file>", "where to write the calibration, JSON")
    .option("--seconds <count>", "take so much of each clip at most", parsePositive, 30)
    .option("--percentile <percent>", "of magnitudes, for a range that gives up the largest", parsePositive, 99.99)
    .option("--param <name=value>", "heads; with random weights also width, ffn, layers, mels", collectParam)
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.quantise}`)
    .action((what: "calibrate", o: QuantiseRawOptions) => {
      const { clips, weights, out, seconds, percentile, param: params = {} } = o;
      invoke({ command: "quantise", ...flags(o), options: { what, clips, weights, out, seconds, percentile, params } });
    });

  return program;
}

/** Every option of every command, as commander stores it. */
interface RawOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly target?: Target;
  readonly param?: Readonly<Record<string, number | string>>;
  readonly watch?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly keep?: boolean;
  readonly insts?: InstsSource;
  readonly packager?: PackagerName;
  readonly in?: readonly InputOption[];
  readonly out?: string;
  readonly device?: DeviceKind | "auto";
  readonly clips?: number;
  readonly report?: string;
  readonly seconds?: number;
  readonly build?: boolean;
  readonly explain?: boolean;
  readonly roundtrip?: boolean;
  readonly brief?: boolean;
  readonly writes?: boolean;
  readonly wav?: string;
  readonly only?: readonly string[];
}

interface QuantiseRawOptions
  extends Pick<RawOptions, "json" | "verbose" | "param">,
    Omit<QuantiseOptions, "what" | "params"> {}

/** Options of `sim`, where `--out` may be repeated and files may be named. */
interface SimRawOptions extends Pick<RawOptions, "json" | "verbose" | "in"> {
  readonly out?: readonly InputOption[];
  readonly kernel?: readonly InputOption[];
  readonly include?: readonly string[];
  readonly define?: Readonly<Record<string, string | number>>;
  readonly sequence?: string;
  readonly deviceName?: string;
  readonly lowered?: boolean;
  readonly insts?: string;
  readonly runs: number;
}

interface ToolchainRawOptions extends Pick<RawOptions, "json" | "verbose" | "force"> {
  readonly mirror?: string;
  readonly wheel?: readonly string[];
  readonly sha256?: readonly string[];
  readonly trustFirstUse?: boolean;
  readonly downloads?: boolean;
}

function toolchainOptions(
  action: ToolchainAction,
  packages: readonly string[],
  o: ToolchainRawOptions,
): ToolchainOptions {
  return {
    action,
    packages,
    mirror: o.mirror,
    wheels: o.wheel ?? [],
    sha256: o.sha256 ?? [],
    trustFirstUse: o.trustFirstUse === true,
    force: o.force === true,
    downloads: o.downloads === true,
  };
}

function simOptions(design: string, o: SimRawOptions): SimOptions {
  return {
    design,
    kernels: o.kernel ?? [],
    includeFolders: o.include ?? [],
    defines: o.define ?? {},
    inputs: o.in ?? [],
    outputs: o.out ?? [],
    sequence: o.sequence,
    deviceName: o.deviceName,
    lowered: o.lowered === true,
    insts: o.insts,
    runs: o.runs,
  };
}

function flags(options: Pick<RawOptions, "json" | "verbose">): { json: boolean; verbose: boolean } {
  return { json: options.json === true, verbose: options.verbose === true };
}

function onDevice(kernel: string, options: RawOptions): KernelOnDevice {
  return { kernel, params: options.param ?? {}, device: options.device ?? "sim" };
}

function targetOption(): Option {
  return new Option("--target <target>", "what to build for").choices(["sim", "npu1", "npu2"]).default("sim");
}

function deviceOption(): Option {
  return new Option("--device <device>", "what to run on").choices(["sim", "xrt", "cpu", "auto"]).default("sim");
}

function packageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

const examples = {
  program: `  aiekit demo                          speech to log-mel on the simulated NPU, checked and drawn
  aiekit build mel                     build the mel kernel for the simulator
  aiekit run mel --in a.wav --out mel.npy
  aiekit sim design.mlir --kernel scale.cc --in a.npy --out c.npy
  aiekit validate mel                  compare it with its references
  aiekit inspect xclbin/sim/mel/mel.xclbin --explain`,
  build: `  aiekit build mel
  aiekit build mel --param tiles=3
  aiekit build fft --watch
  aiekit build mel --target npu1 --dry-run
  aiekit build mel --target npu2 --packager tools --keep
  aiekit build mel --dry-run --json`,
  run: `  aiekit run mel --in speech.wav --out mel.npy
  aiekit run fft --in frames.npy --out spectrum.npy
  aiekit run mel --in pcm=speech.wav --out mel.npy --param tiles=3 --json`,
  sim: `  aiekit sim design.mlir --kernel scale.cc --in a.npy --out c.npy
  aiekit sim mlir/fixtures/conformance/passthrough-compute-i32.mlir --in zeros --out out.npy
  aiekit sim mlir/fixtures/conformance/two-sequences.mlir --sequence twice --in A=zeros --out B=b.npy --runs 3
  aiekit sim mlir/fixtures/conformance/core-scf-if.addresses.mlir --lowered --insts mlir/fixtures/conformance/core-scf-if.insts.bin --in zeros --out out.npy --json`,
  validate: `  aiekit validate mel
  aiekit validate mel --clips 3 --report report/
  aiekit validate fft --json`,
  rounding: `  aiekit rounding fft
  aiekit rounding mel --clips 3 --json`,
  bench: `  aiekit bench mel --seconds 30
  aiekit bench encoder-layer --param positions=300
  aiekit bench mel --build --json`,
  inspect: `  aiekit inspect xclbin/sim/mel/mel.xclbin
  aiekit inspect insts.bin
  aiekit inspect before.xclbin after.xclbin
  aiekit inspect other.xclbin --roundtrip
  aiekit inspect other.xclbin --explain
  aiekit inspect xclbin/sim/mel/manifest.json --json`,
  doctor: `  aiekit doctor
  aiekit doctor --target npu1 --json`,
  toolchain: `  aiekit toolchain install
  aiekit toolchain install --mirror https://wheels.example.org/aie
  aiekit toolchain install --wheel mlir_aie-1.3.4-cp312-cp312-manylinux_2_35_x86_64.whl
  aiekit toolchain list --json
  export PEANO_INSTALL_DIR=$(aiekit toolchain path llvm_aie)`,
  demo: `  aiekit demo
  aiekit demo --wav speech.wav --out pictures/`,
  conformance: `  aiekit conformance mlir/fixtures/conformance
  aiekit conformance mlir/fixtures/conformance --only repeat-count-compute
  aiekit conformance designs/ --json`,
  kernels: `  aiekit kernels
  aiekit kernels --json`,
  quantise: `  aiekit quantise calibrate --clips clips/ --weights weights/ --out calibration.json
  aiekit quantise calibrate --clips speech.wav --weights random:1 --seconds 5 --out calibration.json`,
  new: `  aiekit new kernel relu
  aiekit new kernel relu --json`,
} as const;
