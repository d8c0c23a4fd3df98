import { readdir, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { DrivenTool } from "../../drivers/tool-command.ts";
import type { MissingTool } from "../../plan/step.ts";

/** Variables by which tools are found: PATH, MLIR_AIE_INSTALL_DIR, PEANO_INSTALL_DIR, VIRTUAL_ENV. */
export type ToolVariables = Readonly<Record<string, string | undefined>>;

/** Path of a tool on this machine: the first of its places that holds it. Starts no program. */
export async function locateTool(
  tool: DrivenTool,
  env: ToolVariables,
): Promise<{ readonly path: string } | MissingTool> {
  const family = tool === "aie-opt" || tool === "aie-translate" ? "mlirAie" : "peano";
  const places = await (family === "mlirAie" ? mlirAiePlaces(env) : peanoPlaces(env));
  for (const { folder } of places) {
    if (folder === undefined) continue;
    const path = join(folder, tool);
    const isFile = await stat(path).then(
      (info) => info.isFile(),
      () => false,
    );
    if (isFile) return { path };
  }
  const lookedIn = [...new Set(places.map(({ label }) => label))].join(", ");
  return { tool, reason: `not found; looked in ${lookedIn}`, cure: cures[family] };
}

const cures = {
  mlirAie:
    "unpack an mlir_aie wheel (github.com/Xilinx/mlir-aie/releases) and set MLIR_AIE_INSTALL_DIR to its mlir_aie folder",
  peano:
    "unpack an llvm_aie wheel of the same month (github.com/Xilinx/llvm-aie/releases, nightly) and set PEANO_INSTALL_DIR to its llvm-aie folder",
} as const;

/** A folder to look in, and how to name it to a person; without a folder, the variable for it is not set. */
interface Place {
  readonly folder: string | undefined;
  readonly label: string;
}

async function mlirAiePlaces(env: ToolVariables): Promise<readonly Place[]> {
  return [
    variablePlace(env, "MLIR_AIE_INSTALL_DIR", "bin"),
    ...(await sitePackagesPlaces(env, "mlir_aie/bin")),
    ...(env.PATH ?? "").split(delimiter).map((folder) => ({ folder: folder || undefined, label: "PATH" })),
  ];
}

/** Not PATH: a system's own clang, opt and llc are not Peano. */
async function peanoPlaces(env: ToolVariables): Promise<readonly Place[]> {
  return [
    variablePlace(env, "PEANO_INSTALL_DIR", "bin"),
    variablePlace(env, "MLIR_AIE_INSTALL_DIR", "../llvm-aie/bin"),
    ...(await sitePackagesPlaces(env, "llvm-aie/bin")),
  ];
}

/** `$NAME/below` where the variable is set; the label says where it is not. */
function variablePlace(env: ToolVariables, name: string, below: string): Place {
  const value = env[name];
  if (!value) return { folder: undefined, label: `$${name}/${below} (not set)` };
  return { folder: join(value, below), label: `$${name}/${below} = ${join(value, below)}` };
}

/** `below` in the site-packages of an active Python virtual environment, where wheels put the tools. */
async function sitePackagesPlaces(env: ToolVariables, below: string): Promise<readonly Place[]> {
  const venv = env.VIRTUAL_ENV;
  if (!venv) return [{ folder: undefined, label: "$VIRTUAL_ENV (not set)" }];
  const versions = (await readdir(join(venv, "lib")).catch(() => [])).filter((name) => name.startsWith("python3."));
  return versions.sort().map((name) => {
    const folder = join(venv, "lib", name, "site-packages", below);
    return { folder, label: folder };
  });
}
