import type { Command } from "../command-context.ts";

export interface DemoOptions {
  /** From sound to text with a whole model, or the mel kernel alone. */
  readonly what: "speech" | "mel";
  /** What the project ships when undefined. */
  readonly wav: string | undefined;
  /** mel: folder for the picture; the project's `build` folder, which git ignores, when undefined. */
  readonly out: string | undefined;
}

/** `aiekit demo`: what the project does, on the simulated array, with nothing but what it ships. */
export const demo: Command<DemoOptions> = async (context, options) => {
  if (options.what === "mel") return (await import("./demo-mel.ts")).demoMel(context, options);
  return (await import("./demo-speech.ts")).demoSpeech(context, options);
};
