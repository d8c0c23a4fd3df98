import { Argument, type Command } from "commander";
import type { ModelsAction, ModelsOptions } from "./commands/models.ts";

/** Every option of `models`, as commander stores it. */
interface ModelsRawOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly hub?: string;
  readonly mirror?: string;
  readonly from?: string;
  readonly revision?: string;
  readonly force?: boolean;
  readonly downloads?: boolean;
}

export type ModelsInvocation = {
  readonly command: "models";
  readonly options: ModelsOptions;
  readonly json: boolean;
  readonly verbose: boolean;
};

export function addModelsCommand(program: Command, invoke: (invocation: ModelsInvocation) => void): void {
  program
    .command("models")
    .addArgument(new Argument("<action>", "what to do").choices(["get", "list", "verify", "rm"]))
    .argument("[models...]", "owner/name, or a size of Whisper: tiny, base.en, turbo; verify also takes a folder")
    .description("get Whisper models, list, verify and remove them; they are in AIEKIT_MODELS or the cache folder")
    .option("--hub <url>", "get: from this hub; or AIEKIT_HUB")
    .option("--mirror <url>", "get: from URL/NAME/FILE, hashes in SHA256SUMS; or AIEKIT_MODELS_MIRROR")
    .option("--from <folder>", "get: from a folder of this machine; no network is used")
    .option("--revision <name>", "get: branch, tag or commit of a hub; main when left out")
    .option("--force", "get: again what is here")
    .option("--downloads", "rm: what is left of downloads that did not end")
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples}`)
    .action((action: ModelsAction, models: readonly string[], o: ModelsRawOptions) => {
      const { hub, mirror, from, revision, force, downloads } = o;
      const sources = { hub, mirror, from, revision };
      const options = { action, models, ...sources, force: force === true, downloads: downloads === true };
      invoke({ command: "models", json: o.json === true, verbose: o.verbose === true, options });
    });
}

const examples = `  aiekit models get tiny
  aiekit models get openai/whisper-base --mirror https://models.example.org/
  aiekit models get mine --from whisper-folder/
  aiekit models list --json
  aiekit models verify
  aiekit models rm tiny`;
