/** An output of a step, by the names of both. */
export interface OutputRef {
  readonly step: string;
  readonly output: string;
}

/** What a step made: bytes by output name. */
export type StepOutputs = ReadonlyMap<string, Uint8Array>;

/** What `run` gets: the bytes of `reads`, in that order, and the signal that asks it to stop. */
interface StepInput {
  readonly reads: readonly Uint8Array[];
  readonly signal: AbortSignal;
}

/** A tool that a step needs and this machine lacks, or has in a form that does not serve. */
export interface MissingTool {
  /** Name of the program. */
  readonly tool: string;
  /** Why it does not serve, with the places that were looked in: `not found; looked in PATH`. */
  readonly reason: string;
  /** What gets it. */
  readonly cure: string;
}

/**
 * One piece of a build whose outputs follow from its inputs alone, so that equal inputs may take them from the cache.
 * Nothing that `run` looks at may be missing from `version`, `inputs` and `reads`.
 */
export interface Step {
  /** Unique in the plan, as people see it: `compile mel.o`. */
  readonly name: string;
  /** What is done, without saying to what: `compile`. Steps of one kind and equal inputs share a result. */
  readonly kind: string;
  /** Versions of the code and tools that do it. */
  readonly version: string;
  /** Inputs that do not come from a step, by content: flags, names, hashes of files. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly reads: readonly OutputRef[];
  /** The work as a command line, for `--dry-run`. */
  readonly command: string;
  /** Present where the step cannot run here. */
  readonly missing?: MissingTool | undefined;
  readonly run: (input: StepInput) => Promise<StepOutputs> | StepOutputs;
}

/** What happens during a build, in order of time. Durations are wall-clock milliseconds. */
export type BuildEvent =
  | { readonly kind: "start"; readonly step: string; readonly command: string }
  | { readonly kind: "done"; readonly step: string; readonly durationMs: number }
  | { readonly kind: "cached"; readonly step: string; readonly durationMs: number }
  | { readonly kind: "failed"; readonly step: string; readonly durationMs: number; readonly error: unknown }
  /** What the build consists of; `steps` counts those that can run here. */
  | { readonly kind: "planned"; readonly kernel: string; readonly steps: number }
  /** A build begins; `reason` names the first thing that is not as the last build left it. */
  | { readonly kind: "stale"; readonly kernel: string; readonly reason: string }
  /** A file that an earlier build left is not as it left it. It is made again; `what` names it with its hash then and now. */
  | { readonly kind: "changed"; readonly what: string }
  /** Nothing had to be done: every input and output is what the manifest says. */
  | { readonly kind: "fresh"; readonly kernel: string; readonly durationMs: number };
