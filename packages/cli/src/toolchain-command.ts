import { Argument, type Command } from "commander";
import type { ToolchainAction, ToolchainOptions } from "./commands/toolchain.ts";
import { collectText } from "./options.ts";

/** A parsed command line of `aiekit toolchain`. */
export interface ToolchainInvocation {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly command: "toolchain";
  readonly options: ToolchainOptions;
}

/** The command that gets AMD's compilers, and how its options become those of commands/toolchain.ts. */
export function addToolchainCommand(program: Command, invoke: (invocation: ToolchainInvocation) => void): void {
  program
    .command("toolchain")
    .addArgument(new Argument("<action>", "what to do").choices(["install", "list", "verify", "path", "rm"]))
    .argument("[packages...]", "mlir_aie, llvm_aie; all when left out; rm also takes name@version")
    .description(
      "install AMD's compilers for npu1 and npu2 as tools/toolchain.lock.json pins them, verified by their hashes",
    )
    .option("--mirror <url>", "get wheels from this folder in place of the release pages; or AIEKIT_TOOLCHAIN_MIRROR")
    .option("--wheel <file>", "install this wheel, may be repeated; no network is used", collectText)
    .option("--sha256 <hex>", "the wheel's hash, where the lock has none or another; may be repeated", collectText)
    .option("--trust-first-use", "believe a wheel without a known hash now, and hold later ones against it")
    .option("--force", "install again what is installed")
    .option("--downloads", "rm: only what is left of downloads that did not end")
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples}`)
    .action((action: ToolchainAction, packages: readonly string[], o: ToolchainRawOptions) => {
      invoke({
        command: "toolchain",
        json: o.json === true,
        verbose: o.verbose === true,
        options: toolchainOptions(action, packages, o),
      });
    });
}

interface ToolchainRawOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly force?: boolean;
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

const examples = `  aiekit toolchain install
  aiekit toolchain install --mirror https://wheels.example.org/aie
  aiekit toolchain install --wheel mlir_aie-1.3.4-cp312-cp312-manylinux_2_35_x86_64.whl
  aiekit toolchain list --json
  export PEANO_INSTALL_DIR=$(aiekit toolchain path llvm_aie)`;
