/** Programs of LLVM that a build for WebAssembly needs, by the names that @yowasp/clang gives them. */
export type ToolName = "clang++" | "wasm-ld" | "nm" | "symbolizer";

/** One run of a program in a folder that holds exactly `files`. */
export interface ToolJob {
  readonly tool: ToolName;
  readonly args: readonly string[];
  /** Path relative to the folder -> content. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  /** Paths to hand back when the program exits with 0. */
  readonly want: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** How a program ended. `signal` is set where it was killed; `log` is what it printed on stdout and stderr. */
export interface ToolRun {
  readonly exitCode: number;
  readonly signal?: string | undefined;
  readonly log: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Where the programs come from: the npm package in a child process, or the system. */
export interface Toolchain {
  /** For cache keys: changes whenever the output may. */
  readonly version: string;
  /** The program as a person would type it. */
  programName(tool: ToolName): string;
  run(job: ToolJob): Promise<ToolRun>;
  close(): void;
}
