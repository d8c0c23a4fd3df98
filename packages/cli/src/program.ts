import type { Target } from "@aiekit/core";
import type { DeviceKind } from "@aiekit/host";
import type { InstsSource, PackagerName } from "@aiekit/tools";
import { Argument, Command, Option } from "commander";
import { addBenchCommand, type BenchInvocation } from "./bench-command.ts";
import { addCalibrateCommand, type CalibrateInvocation } from "./calibrate-command.ts";
import { examples } from "./command-examples.ts";
import type { BuildOptions } from "./commands/build.ts";
import type { ConformanceOptions } from "./commands/conformance.ts";
import type { DoctorOptions } from "./commands/doctor.ts";
import type { InspectOptions } from "./commands/inspect.ts";
import type { NewOptions } from "./commands/new.ts";
import type { RoundingOptions } from "./commands/rounding.ts";
import type { RunOptions } from "./commands/run.ts";
import type { ValidateOptions } from "./commands/validate.ts";
import { addDemoCommand, type DemoInvocation } from "./demo-command.ts";
import { addDeviceCommands, type DeviceInvocation } from "./device-command.ts";
import { deviceOption, npuOption } from "./device-options.ts";
import { addDrawCommand, type DrawInvocation } from "./draw-command.ts";
import { exitCodeHelp } from "./exit-codes.ts";
import type { KernelOnDevice } from "./kernel-on-device.ts";
import { addLintCommand, type LintInvocation } from "./lint-command.ts";
import { addModelsCommand, type ModelsInvocation } from "./models-command.ts";
import { collectInput, collectName, collectParam, type InputOption, parseCount } from "./options.ts";
import { addPackCommand, type PackInvocation } from "./pack-command.ts";
import { packageVersion } from "./package-version.ts";
import { addQuantiseCommand, type QuantiseInvocation } from "./quantise-command.ts";
import { addSimCommand, type SimInvocation } from "./sim-command.ts";
import type { OutputStream } from "./terminal.ts";
import { addToolchainCommand, type ToolchainInvocation } from "./toolchain-command.ts";
import { addTraceCommand, type TraceInvocation } from "./trace-command.ts";
import { addTranscribeCommand, type TranscribeInvocation } from "./transcribe-command.ts";

/** One invocation as parsed: which command, its flags that concern printing, and its options. */
export type Invocation = { readonly json: boolean; readonly verbose: boolean } & (
  | Pick<PackInvocation, "command" | "options">
  | { readonly command: "build"; readonly options: BuildOptions }
  | { readonly command: "run"; readonly options: RunOptions }
  | Pick<SimInvocation, "command" | "options">
  | Pick<CalibrateInvocation, "command" | "options">
  | Pick<DrawInvocation, "command" | "options">
  | Pick<TraceInvocation, "command" | "options">
  | { readonly command: "validate"; readonly options: ValidateOptions }
  | { readonly command: "rounding"; readonly options: RoundingOptions }
  | Pick<BenchInvocation, "command" | "options">
  | { readonly command: "inspect"; readonly options: InspectOptions }
  | Pick<LintInvocation, "command" | "options">
  | Pick<ModelsInvocation, "command" | "options">
  | { readonly command: "doctor"; readonly options: DoctorOptions }
  | Pick<ToolchainInvocation, "command" | "options">
  | Pick<TranscribeInvocation, "command" | "options">
  | Pick<DemoInvocation, "command" | "options">
  | DeviceInvocation
  | { readonly command: "conformance"; readonly options: ConformanceOptions }
  | { readonly command: "kernels"; readonly options: NoOptions }
  | { readonly command: "new"; readonly options: NewOptions }
  | Pick<QuantiseInvocation, "command" | "options">
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
    .addOption(npuOption())
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
        "--insts-format <format>",
        "elf: each instruction stream also as an ELF, full-elf: one of all with the PDI; the xrt device then runs these",
      ).choices(["bin", "elf", "full-elf"]),
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
      const { target = "sim", npu, watch = false, dryRun = false } = o;
      const { force = false, keep = false, insts, instsFormat, packager } = o;
      const params = { ...o.param, ...(instsFormat !== undefined && { instsFormat }) };
      invoke({
        command: "build",
        ...flags(o),
        options: { kernel, params, target, npu, watch, dryRun, force, keep, insts, packager },
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
    .addOption(npuOption())
    .option("--time", "sim: print where the time of the longest launch went, and what binds each kernel; modelled")
    .option("--roofline <file>", "sim: draw the kernels under the roofs of a core, modelled: .svg or .png")
    .option("--verbose", "print causes and phases")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.run}`)
    .action((kernel: string, o: RawOptions) => {
      const asked = { time: o.time === true, roofline: o.roofline };
      const options = { ...onDevice(kernel, o), ...asked, inputs: o.in ?? [], out: o.out ?? "" };
      invoke({ command: "run", ...flags(o), options });
    });

  addSimCommand(program, invoke);
  addCalibrateCommand(program, invoke);
  addDrawCommand(program, invoke);
  addTraceCommand(program, invoke);

  program
    .command("validate")
    .argument("<kernel>", "name of a kernel, see: aiekit kernels")
    .description("run a kernel's correlation suite against its references; exit code 1 when it fails")
    .option("--param <name=value>", "parameter of the design, may be repeated", collectParam)
    .addOption(deviceOption())
    .addOption(npuOption())
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
    .addOption(npuOption())
    .option("--clips <count>", "number of clips, signals or shapes; all when left out", parseCount)
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.rounding}`)
    .action((kernel: string, o: RawOptions) => {
      invoke({ command: "rounding", ...flags(o), options: { ...onDevice(kernel, o), clips: o.clips } });
    });

  addBenchCommand(program, invoke);

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
  addModelsCommand(program, invoke);
  addTranscribeCommand(program, invoke);

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

  addToolchainCommand(program, invoke);
  addDeviceCommands(program, invoke);

  addDemoCommand(program, invoke);

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

  addQuantiseCommand(program, invoke);

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
  readonly instsFormat?: string;
  readonly insts?: InstsSource;
  readonly packager?: PackagerName;
  readonly in?: readonly InputOption[];
  readonly out?: string;
  readonly device?: DeviceKind | "auto";
  readonly npu?: string;
  readonly clips?: number;
  readonly report?: string;
  readonly seconds?: number;
  readonly time?: boolean;
  readonly roofline?: string;
  readonly build?: boolean;
  readonly explain?: boolean;
  readonly roundtrip?: boolean;
  readonly brief?: boolean;
  readonly writes?: boolean;
  readonly only?: readonly string[];
}

function flags(options: Pick<RawOptions, "json" | "verbose">): { json: boolean; verbose: boolean } {
  return { json: options.json === true, verbose: options.verbose === true };
}

function onDevice(kernel: string, options: RawOptions): KernelOnDevice {
  return { kernel, params: options.param ?? {}, device: options.device ?? "sim", npu: options.npu };
}

function targetOption(): Option {
  return new Option("--target <target>", "what to build for").choices(["sim", "npu1", "npu2"]).default("sim");
}
