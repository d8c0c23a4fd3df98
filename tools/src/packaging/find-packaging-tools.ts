import { ToolError, ToolMissingError } from "@aiekit/core";
import { bootgenVersion } from "../drivers/bootgen.ts";
import { xclbinutilVersion } from "../drivers/xclbinutil.ts";
import { howToGet, originOf, requireTool, startCure, type ToolEnvironment } from "../toolchain/find-tools.ts";

/** bootgen or xclbinutil, or why there is none that serves. */
export interface PackagingTool {
  /** Path; the name alone where it was not found. */
  readonly program: string;
  /** `bootgen 2022.2`; `bootgen missing`. */
  readonly version: string;
  /** Of the program's file, where it was asked for. */
  readonly sha256?: string;
  readonly missing?: ToolMissingError;
}

const packagingToolNames = ["bootgen", "xclbinutil"] as const;
export type PackagingToolName = (typeof packagingToolNames)[number];
export type FoundPackagingTools = Readonly<Record<PackagingToolName, PackagingTool>>;

/** Answers with the version of a program, or asks it; what `ask` throws is thrown. */
type VersionMemo = (program: string, ask: () => Promise<string>) => Promise<string>;

/** The packaging tools of this machine. `remember` keeps their versions, so that they need not be started for them. */
export async function findPackagingTools(
  environment: ToolEnvironment,
  remember: VersionMemo = (_, ask) => ask(),
): Promise<FoundPackagingTools> {
  const find = async (name: PackagingToolName): Promise<PackagingTool> => {
    try {
      const { path } = await requireTool(name, environment);
      return await askPackagingTool(name, path, { remember });
    } catch (error) {
      return lacked(name, name, error);
    }
  };
  const [bootgen, xclbinutil] = await Promise.all(packagingToolNames.map(find));
  return { bootgen: bootgen!, xclbinutil: xclbinutil! };
}

/** A tool at a place that is known: its version, and whether it packs for NPUs at all. */
export async function askPackagingTool(
  name: PackagingToolName,
  program: string,
  how: { readonly remember?: VersionMemo; readonly signal?: AbortSignal | undefined } = {},
): Promise<PackagingTool> {
  const { remember = (_, ask) => ask(), signal } = how;
  try {
    const version = await remember(program, () => askVersion[name](program, signal));
    return { program, version: `${name} ${version}` };
  } catch (error) {
    return lacked(name, program, error);
  }
}

const askVersion = { bootgen: bootgenVersion, xclbinutil: xclbinutilVersion } as const;

function lacked(name: PackagingToolName, program: string, error: unknown): PackagingTool {
  const missing = error instanceof ToolError ? doesNotAnswer(name, program, error) : error;
  if (!(missing instanceof ToolMissingError)) throw error;
  return { program, version: `${name} missing`, missing };
}

function doesNotAnswer(name: PackagingToolName, path: string, error: ToolError): ToolMissingError {
  const said = error.failure.stderr.trim().split("\n")[0] ?? "";
  return new ToolMissingError(`${name}: ${path} does not start or answer: ${said}`, {
    hint: startCure({ path, how: howToGet[originOf(name)] }),
    cause: error,
  });
}
