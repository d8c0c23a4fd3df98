import { ToolError } from "@aiekit/core";
import {
  dataBudgetError,
  isTooLarge,
  type Linked,
  type LinkJob,
  linkToolJob,
  readLinked,
  symbolSizesJob,
  tileMemoryBytes,
} from "./link.ts";
import { readSymbolizerJson, type SourceLocation } from "./symbolize.ts";
import { systemToolchain } from "./system-toolchain.ts";
import type { Toolchain, ToolJob, ToolRun } from "./toolchain.ts";
import { codeSectionOffset } from "./wasm-sections.ts";
import { yowaspToolchain } from "./yowasp-toolchain.ts";

export interface WasmClangOptions {
  /** A clang of the system with the wasm32 target. Default: the compiler of the npm package, the same on every machine. */
  readonly clang?: string;
  /** The package's compiler holds about 320 MB: it is stopped when this long idle. Default 60,000. */
  readonly idleMs?: number;
  /** A single job that takes longer is stopped and reported. Default 120,000. */
  readonly jobTimeoutMs?: number;
}

export interface CompileJob {
  /** `name` is the path in messages and in debug information, for example `kernels/mel/mel.cc`. */
  readonly source: { readonly name: string; readonly text: string };
  /** Every header that may be included: path as seen from the root of the source names -> text. */
  readonly headers: ReadonlyMap<string, string>;
  /** Options of clang without input and output: target, include folders, defines, optimisation. */
  readonly args: readonly string[];
  readonly signal?: AbortSignal;
}

export interface CompiledObject {
  readonly object: Uint8Array;
  /** Warnings as clang printed them; empty where there are none. */
  readonly log: string;
}

/**
 * clang++, wasm-ld and llvm-symbolizer for wasm32 as a service with a lifetime. `close()` ends it, and its process
 * in 10 s unless another service is opened; one that is forgotten does not keep the caller's process alive.
 */
export class WasmClang {
  readonly #tools: Toolchain;

  private constructor(tools: Toolchain) {
    this.#tools = tools;
  }

  /** @throws ToolMissingError when `options.clang` is given and cannot compile and link for wasm32. */
  static async open(options: WasmClangOptions = {}): Promise<WasmClang> {
    if (options.clang !== undefined) return new WasmClang(await systemToolchain(options.clang));
    const { idleMs = 60_000, jobTimeoutMs = 120_000 } = options;
    return new WasmClang(yowaspToolchain({ idleMs, jobTimeoutMs }));
  }

  /** For cache keys: two services of equal version make equal output of equal input. */
  get version(): string {
    return this.#tools.version;
  }

  /**
   * Compiles one C++ source to a wasm32 object.
   * @throws ToolError with clang's diagnostics (file:line:column), AbortedError on `job.signal`.
   */
  async compile(job: CompileJob): Promise<CompiledObject> {
    const objectFile = "kernel.o";
    const run = await this.#run(`compile ${job.source.name}`, {
      tool: "clang++",
      // One mistake in a template makes pages of errors; the first ones say what it is.
      args: ["-fno-color-diagnostics", "-ferror-limit=3", ...job.args, "-c", job.source.name, "-o", objectFile],
      files: new Map<string, string>([...job.headers, [job.source.name, job.source.text]]),
      want: [objectFile],
      signal: job.signal,
    });
    return { object: run.files.get(objectFile) as Uint8Array, log: run.log };
  }

  /**
   * Links the objects of one core: memory imported as env.memory, stack in [0, stackBytes), statics from dataBase on.
   * @throws BudgetError when the statics do not end within the tile's 65,536 bytes; ToolError, for example for a symbol
   * that no object defines.
   */
  async link(job: LinkJob): Promise<Linked> {
    const stage = `link ${job.name ?? "core"}`;
    const toolJob = linkToolJob(job);
    const first = await this.#tools.run(toolJob);
    const tooLarge = first.exitCode !== 0 && isTooLarge(first.log);
    if (first.exitCode !== 0 && !tooLarge) throw this.#failure(stage, toolJob, first);
    const run = tooLarge ? await this.#run(stage, linkToolJob(job, maximumPages)) : first;
    const linked = readLinked(run.files, job);
    if (!tooLarge && job.dataBase + linked.dataBytes <= tileMemoryBytes) return linked;
    const sizes = await this.#run(`${stage}: sizes`, symbolSizesJob(job));
    throw dataBudgetError(job, linked.dataBytes, sizes.log);
  }

  /** Source locations of instructions. `wasmOffsets`: bytes from the start of the module, as V8's stack traces give them. */
  async symbolize(module: Uint8Array, wasmOffsets: readonly number[]): Promise<readonly SourceLocation[]> {
    if (wasmOffsets.length === 0) return [];
    const codeOffset = codeSectionOffset(module);
    const run = await this.#run("symbolize", {
      tool: "symbolizer",
      args: ["--obj=core.wasm", "--output-style=JSON", ...wasmOffsets.map((o) => `0x${(o - codeOffset).toString(16)}`)],
      files: new Map([["core.wasm", module]]),
      want: [],
    });
    return readSymbolizerJson(run.log);
  }

  close(): void {
    this.#tools.close();
  }

  async #run(stage: string, job: ToolJob): Promise<ToolRun> {
    const run = await this.#tools.run(job);
    if (run.exitCode !== 0) throw this.#failure(stage, job, run);
    return run;
  }

  #failure(stage: string, job: ToolJob, run: ToolRun): ToolError {
    const program = this.#tools.programName(job.tool);
    return new ToolError({
      tool: job.tool,
      stage,
      command: [program, ...job.args].map(quoteForShell).join(" "),
      exitCode: run.exitCode,
      signal: run.signal,
      stderr: run.log,
    });
  }
}

/** 64 MiB: room for anything a kernel could hold by mistake. */
const maximumPages = 1024;

const quoteForShell = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
