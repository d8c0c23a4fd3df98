import { Argument, type Command } from "commander";
import type { DemoOptions } from "./commands/demo.ts";

/** A parsed command line of `aiekit demo`. */
export interface DemoInvocation {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly command: "demo";
  readonly options: DemoOptions;
}

export function addDemoCommand(program: Command, invoke: (invocation: DemoInvocation) => void): void {
  program
    .command("demo")
    .addArgument(
      new Argument("[what]", "speech: to text with a whole model; mel: one kernel").choices(["speech", "mel"]),
    )
    .description(
      "transcribe the demo model's samples on the simulated NPU; mel: log-mel of speech, compared with references and drawn",
    )
    .option("--wav <file>", "WAV, FLAC, MP3, Ogg, or what ffmpeg reads, in place of what comes with aiekit")
    .option("--out <folder>", "mel: where to write the log-mel picture; the project's build folder when left out")
    .option("--verbose", "print causes")
    .option("--json", "print one JSON value on stdout")
    .addHelpText("after", `\nExamples:\n${examples}`)
    .action((what: DemoOptions["what"] | undefined, o: DemoRawOptions) => {
      const flags = { json: o.json === true, verbose: o.verbose === true };
      invoke({ command: "demo", ...flags, options: { what: what ?? "speech", wav: o.wav, out: o.out } });
    });
}

interface DemoRawOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly wav?: string;
  readonly out?: string;
}

const examples = `  aiekit demo
  aiekit demo --wav speech.wav
  aiekit demo mel
  aiekit demo mel --wav speech.wav --out pictures/`;
