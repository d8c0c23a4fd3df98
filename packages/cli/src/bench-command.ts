import type { DeviceKind } from "@aiekit/host";
import type { ExecutorKind } from "@aiekit/pipeline";
import { type Command, InvalidArgumentError, Option } from "commander";
import { examples } from "./command-examples.ts";
import type { BenchOptions } from "./commands/bench.ts";
import { deviceOption, npuOption } from "./device-options.ts";
import { collectParam, parseCountUpTo, parsePositive } from "./options.ts";
import type { Precision } from "./transcribe/whisper-executors.ts";

/** A parsed command line of `aiekit bench`. */
export interface BenchInvocation {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly command: "bench";
  readonly options: BenchOptions;
}

export function addBenchCommand(program: Command, invoke: (invocation: BenchInvocation) => void): void {
  program
    .command("bench")
    .argument(
      "<kernel>",
      "name of a kernel, see: aiekit kernels; encoder-layer, a chain of them; or rtf, sound to text",
    )
    .description("time a kernel: correctness first, then wall time by phase, and modelled device time apart from it")
    .option("--param <name=value>", "parameter of the design, may be repeated", collectParam)
    .addOption(deviceOption())
    .addOption(npuOption())
    .option("--seconds <number>", "length of the audio", parsePositive, 10)
    .option("--time", "sim: also print where the time of the longest launch went, and what binds each kernel; modelled")
    .option("--roofline <file>", "sim: draw the kernels under the roofs of a core, modelled: .svg or .png")
    .option("--build", "also time builds: cold, after an edit, without a change")
    .option("--model <name>", "rtf: a model's name or folder; the demo model when left out")
    .option(
      "--placements <list>",
      "rtf: cpu,sim+cpu: what runs the model, or encoder+decoder; all when left out",
      places,
    )
    .option("--lengths <list>", "rtf: seconds of each sound", lengths, [5, 10, 30, 300])
    .option("--limit <seconds>", "rtf: leave out sounds whose pass would take longer", parsePositive, 30)
    .option("--threads <count>", "rtf: threads of cpu", parseCountUpTo(256))
    .addOption(new Option("--precision <type>", "rtf: how weights are held").choices(["f32", "bf16", "int8"]))
    .option("--verbose", "print causes and phases")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples.bench}`)
    .action((kernel: string, o: BenchRawOptions) => {
      const { seconds, model, placements, lengths: seconds_, limit: limitSeconds, threads, precision } = o;
      const onDevice = { kernel, params: o.param ?? {}, device: o.device, npu: o.npu };
      const rtf = { model, placements, lengths: seconds_, limitSeconds, threads, precision };
      const asked = { build: o.build === true, time: o.time === true, roofline: o.roofline };
      const flags = { json: o.json === true, verbose: o.verbose === true };
      invoke({ command: "bench", ...flags, options: { ...onDevice, ...asked, seconds, rtf } });
    });
}

/** Every option of `bench`, as commander stores it. */
interface BenchRawOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly param?: Readonly<Record<string, number | string>>;
  readonly device: DeviceKind | "auto";
  readonly npu?: string;
  readonly seconds: number;
  readonly build?: boolean;
  readonly time?: boolean;
  readonly roofline?: string;
  readonly model?: string;
  readonly placements?: readonly string[];
  readonly lengths: readonly number[];
  readonly limit: number;
  readonly threads?: number;
  readonly precision?: Precision;
}

// Not those of the pipeline, which the help would have to load.
const kinds: readonly string[] = ["reference", "cpu", "sim", "xrt"] satisfies readonly ExecutorKind[];

function places(text: string): readonly string[] {
  const names = text.split(",");
  const wrong = names.find(
    (name) => !/^[a-z]+(\+[a-z]+)?$/.test(name) || !name.split("+").every((one) => kinds.includes(one)),
  );
  if (wrong === undefined) return names;
  throw new InvalidArgumentError(`Expected some of ${kinds.join(", ")}, or two with + between; got ${wrong}.`);
}

function lengths(text: string): readonly number[] {
  return text.split(",").map(parsePositive);
}
