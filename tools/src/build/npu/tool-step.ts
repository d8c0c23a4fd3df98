import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type AiekitError, ToolError } from "@aiekit/core";
import { writeFileAtomic } from "../../cache/atomic-write.ts";
import { sha256 } from "../../cache/sha256.ts";
import type { PeanoPaths } from "../../drivers/peano.ts";
import { callTool } from "../../drivers/run-tool.ts";
import { shellCommand, shellWord } from "../../drivers/shell-words.ts";
import type { ToolCommand } from "../../drivers/tool-command.ts";
import type { OutputRef, Step, StepOutputs } from "../../plan/step.ts";
import type { DesignText } from "./design-object.ts";
import { explainFailure } from "./explain-failure.ts";
import { type HardwareTools, isFound } from "./hardware-tools.ts";
import { fileNameOf, inScratch, type ScratchFolders } from "./scratch-folder.ts";

/** What the tool steps of one build share. */
export interface ToolStepContext {
  readonly tools: HardwareTools;
  readonly scratch: ScratchFolders;
  /** For messages about its objects. */
  readonly design: DesignText;
}

/** Content of files by name. */
type NamedFiles = ReadonlyMap<string, Uint8Array>;

interface ToolStepSpec {
  readonly name: string;
  readonly kind: string;
  /** What it works on, for messages: `core (0,2)`. */
  readonly subject?: string | undefined;
  /** Names files without a folder: the tool runs in a folder that holds what it reads, and writes there. */
  readonly command: (paths: PeanoPaths) => ToolCommand;
  /** Outputs of other steps; each is a file of its output's name. */
  readonly reads: readonly OutputRef[];
  /** Outputs that have to be there before and that the tool does not read. */
  readonly after?: readonly OutputRef[] | undefined;
  /** Further files, by name. */
  readonly files?: ReadonlyMap<string, string> | undefined;
  /** Files that the tool makes, which are the step's outputs by their names. */
  readonly writes: readonly string[];
  /** Output that receives what the tool prints on stdout. */
  readonly stdout?: string | undefined;
  readonly needsAieApi?: boolean | undefined;
  /** Refuses results that the tool was content with. */
  readonly check?: ((made: NamedFiles, read: NamedFiles) => void) | undefined;
}

/** Grows when what these steps do with equal inputs changes, their checks included. */
const stepVersion = 1;
/** Peano takes seconds for a kernel; a tool that takes this long hangs. */
const timeoutMs = 15 * 60_000;

/** Name of the output with everything that a step's tool printed. */
export function logName(step: string): string {
  return `${fileNameOf(step)}.log`;
}

/**
 * A step that runs one native tool in a folder of its own. Names in its command have no folder, so that the plan is the
 * same on every machine and the result can be shared. A failure keeps the folder, and its command can be run there.
 */
export function toolStep(spec: ToolStepSpec, context: ToolStepContext): Step {
  const { tools } = context;
  const { tool, args } = spec.command(tools.paths);
  const state = tools.programs[tool];
  const needed = spec.needsAieApi && !isFound(tools.aieApi) ? tools.aieApi : undefined;
  const missing = isFound(state) ? needed : state;
  const program = isFound(state) ? state.path : tool;
  const files = spec.files ?? new Map<string, string>();
  const versions = [
    ...(isFound(state) ? [state.version, state.sha256 ?? ""] : ["missing"]),
    ...(spec.needsAieApi && isFound(tools.aieApi) ? [tools.aieApi.version] : []),
  ];
  return {
    name: spec.name,
    kind: spec.kind,
    version: `${[tool, ...versions].join(" ")}, step ${stepVersion}`,
    inputs: {
      // Without this machine's paths.
      args: spec.command({ aieApiInclude: "AIE_API_INCLUDE", linker: "LD_LLD" }).args.join("\n"),
      names: spec.reads.map(({ output }) => output).join(" "),
      ...Object.fromEntries([...files].map(([name, text]) => [`file ${name}`, sha256(text)])),
    },
    reads: [...spec.reads, ...(spec.after ?? [])],
    command: withVariables(
      `${shellCommand([program, ...args])}${spec.stdout === undefined ? "" : ` > ${shellWord(spec.stdout)}`}`,
    ),
    missing,
    run: async ({ reads, signal }) => {
      const read = new Map(spec.reads.map(({ output }, i) => [output, reads[i] ?? new Uint8Array()] as const));
      return inScratch(context.scratch, {
        step: spec.name,
        files: new Map<string, Uint8Array | string>([...files, ...read]),
        work: async (path) => {
          const outputs = await runIn(path, { spec, program, args, signal });
          spec.check?.(outputs, read);
          return outputs;
        },
        explain: (error, kept) => described(error, { spec, context, tool, kept, program, args, read }),
      });
    },
  };
}

/** Folders of tools that are missing are named by their variables, which the shell has to see. */
function withVariables(command: string): string {
  return command.replace(/'([^']*\$(?:MLIR_AIE|PEANO)_INSTALL_DIR[^']*)'/g, '"$1"');
}

interface ToolRun {
  readonly spec: ToolStepSpec;
  readonly program: string;
  readonly args: readonly string[];
  readonly signal: AbortSignal;
}

async function runIn(path: string, { spec, program, args, signal }: ToolRun): Promise<StepOutputs> {
  const printed = await callTool({ program, args, stage: spec.name, cwd: path, timeoutMs, signal });
  const outputs = new Map<string, Uint8Array>();
  for (const name of spec.writes) {
    const content = await readFile(join(path, name)).catch(() => undefined);
    if (content === undefined) {
      const stderr = `${printed.all}\n${basename(program)}: error: exit code 0, and no ${name} was written`.trim();
      throw new ToolError({ tool: program, stage: spec.name, command: "", exitCode: 0, stderr });
    }
    outputs.set(name, content);
  }
  if (spec.stdout !== undefined) outputs.set(spec.stdout, new TextEncoder().encode(printed.stdout));
  const log = spec.stdout === undefined ? printed.all : printed.stderr;
  return outputs.set(logName(spec.name), new TextEncoder().encode(log));
}

interface FailedStep extends Pick<ToolRun, "spec" | "program" | "args"> {
  readonly context: ToolStepContext;
  readonly tool: string;
  /** Folder that was kept. */
  readonly kept: string;
  readonly read: NamedFiles;
}

/** The error with what a person needs to look further: the folder, the command to run there, the design's object. */
async function described(error: AiekitError, failed: FailedStep): Promise<AiekitError> {
  const { spec, context, tool, kept, program, args, read } = failed;
  if (!(error instanceof ToolError)) {
    error.message = `${error.message}\nfiles of the step: ${kept}`;
    return error;
  }
  const logPath = join(kept, "output.log");
  await writeFileAtomic(logPath, `${error.failure.stderr}\n`);
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return explainFailure(error, {
    tool,
    command: `cd ${shellWord(kept)} && ${shellCommand([program, ...args])}`,
    logPath,
    subject: spec.subject,
    files: new Map([
      ...(spec.files ?? []),
      ...[...read].filter(([name]) => name.endsWith(".mlir")).map(([name, bytes]) => [name, decode(bytes)] as const),
    ]),
    design: context.design,
  });
}
