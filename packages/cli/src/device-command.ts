import { type Command, InvalidArgumentError, Option } from "commander";
import type { DevicesOptions } from "./commands/devices.ts";
import type { EvidenceOptions } from "./commands/evidence.ts";
import { type EvidencePart, evidenceParts } from "./evidence/probe.ts";
import { collectName, parsePositive } from "./options.ts";

/** Parsed command lines of `aiekit devices` and `aiekit evidence`. */
export type DeviceInvocation =
  | { readonly command: "devices"; readonly options: DevicesOptions }
  | { readonly command: "evidence"; readonly options: EvidenceOptions };

interface RawOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly device?: "sim" | "xrt";
  readonly part?: readonly EvidencePart[];
  readonly kernel?: readonly string[];
  readonly cases?: number;
  readonly out?: string;
}

/** The commands about what kernels run on. */
export function addDeviceCommands(
  program: Command,
  invoke: (invocation: DeviceInvocation & { readonly json: boolean; readonly verbose: boolean }) => void,
): void {
  const flags = (o: RawOptions) => ({ json: o.json === true, verbose: o.verbose === true });
  program
    .command("devices")
    .description("list what kernels can run on here, and what is missing for the rest")
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", "\nExamples:\n  aiekit devices\n  aiekit devices --json")
    .action((o: RawOptions) => invoke({ command: "devices", ...flags(o), options: {} }));
  program
    .command("evidence")
    .description(
      "run kernels on a device and in the simulator, compare every bit, time launches, write a report to share",
    )
    .addOption(new Option("--device <device>", "what to look at").choices(["xrt", "sim"]).default("xrt"))
    .addOption(
      new Option("--part <part>", "only this part, may be repeated (default: all, or kernels with --kernel)")
        .choices(evidenceParts)
        .argParser(collectPart),
    )
    .option("--kernel <name>", "only this kernel, may be repeated (default: all that have a suite)", collectName)
    .option("--cases <count>", "clips, signals or shapes of each kernel (default: 1)", parsePositive)
    .option("--out <folder>", "where evidence.json and evidence.html go (default: build/evidence)")
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText(
      "after",
      "\nExit code 0: every case passed and every output equals the simulator's; 1: not.\n\nExamples:\n" +
        "  aiekit evidence\n  aiekit evidence --part numerics --part gemm\n  aiekit evidence --kernel mel --kernel matmul --cases 3",
    )
    .action((o: RawOptions) => {
      const { device = "xrt", part: parts = [], kernel: kernels = [], cases = 1, out = "build/evidence" } = o;
      invoke({ command: "evidence", ...flags(o), options: { device, parts, kernels, cases, out } });
    });
}

/** Collects, which the parser of `choices` does not. */
function collectPart(part: string, before: readonly EvidencePart[] = []): readonly EvidencePart[] {
  const known = evidenceParts.find((one) => one === part);
  if (known === undefined) throw new InvalidArgumentError(`expected one of ${evidenceParts.join(", ")}`);
  return [...before, known];
}
