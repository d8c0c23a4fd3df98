import { access, constants, readdir, readFile, stat } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { ToolMissingError } from "@aiekit/core";
import { currentPackage } from "./installed-packages.ts";
import { toolchainFolder, toolchainVariable } from "./toolchain-folder.ts";

/** Native programs of the hardware road, by who makes them. */
export const toolNames = {
  "mlir-aie": ["aie-opt", "aie-translate", "aiecc"],
  peano: ["clang", "clang++", "opt", "llc", "ld.lld", "llvm-objdump", "llvm-readelf"],
  bootgen: ["bootgen"],
  xrt: ["xclbinutil", "aiebu-asm", "xrt-smi"],
} as const;

type ToolOrigin = keyof typeof toolNames;
export type ToolName = (typeof toolNames)[ToolOrigin][number];

/** The part of a machine that the search looks at, so that a test can be any machine. */
export interface ToolEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that stands for `/`: system folders are looked up below it. */
  readonly systemRoot: string;
  /** Private folder that `aiekit toolchain install` fills; undefined where there is no home for it. */
  readonly toolchainFolder: string | undefined;
}

export interface FoundTool {
  readonly path: string;
  /** Of the wheel that the program came in; undefined where it came in none: then the program itself has to be asked. */
  readonly version?: string;
  /** The place, as a person would name it: `$PEANO_INSTALL_DIR/bin`, `PATH`. */
  readonly from: string;
  /** Name of the program's package in tools/toolchain.lock.json. */
  readonly package: string;
  /** What gets another one. */
  readonly how: string;
}

export interface MissingTool {
  readonly missing: ToolName;
  /** Places and variables in the order in which they were tried. */
  readonly lookedIn: readonly string[];
  /** What gets the tool: a command, or what to set. */
  readonly how: string;
}

/** This machine, seen with these variables. */
export function localToolEnvironment(env: Readonly<Record<string, string | undefined>>): ToolEnvironment {
  return { env, systemRoot: "/", toolchainFolder: toolchainFolder(env) };
}

/** The first of the tool's places that holds it. Starts no program. */
export async function findTool(name: ToolName, environment: ToolEnvironment): Promise<FoundTool | MissingTool> {
  const origin = originOf(name);
  const places = await placesOf(origin, environment);
  const lookedIn = new Set<string>();
  for (const { folder, label } of places) {
    const path = folder === undefined ? undefined : join(folder, name);
    const isThere = path !== undefined && (await isFile(path));
    if (isThere && !(await isExecutable(path))) {
      lookedIn.add(`${label} (${path} is not executable: chmod +x)`);
      continue;
    }
    lookedIn.add(label);
    if (isThere && folder !== undefined) {
      // The bootgen and the xclbinutil of a wheel have versions of their own.
      const version = origin === "mlir-aie" || origin === "peano" ? await wheelVersion(folder) : undefined;
      const about = { package: packageOf[origin], how: howToGet[origin] };
      return { path, from: label, ...about, ...(version !== undefined && { version }) };
    }
  }
  return { missing: name, lookedIn: [...lookedIn], how: howToGet[origin] };
}

/** As findTool. @throws ToolMissingError with the places that were tried and what gets the tool. */
export async function requireTool(name: ToolName, environment: ToolEnvironment): Promise<FoundTool> {
  const found = await findTool(name, environment);
  if ("path" in found) return found;
  throw new ToolMissingError(`${name}: ${notFound(found)}`, { hint: found.how });
}

/** Why there is no such tool: the places that were tried. */
export function notFound({ lookedIn }: MissingTool): string {
  return `not found; looked in ${lookedIn.join(", ")}`;
}

/** What to do about a tool that is there and does not start. */
export function startCure({ path, how }: Pick<FoundTool, "path" | "how">): string {
  return `ldd ${path} shows a missing library or too old a glibc; or get another: ${how}`;
}

/**
 * The `mlir_aie` folder that an aie-opt belongs to: `include/aie_api`, `aie_runtime_lib` and `lib` are below it.
 * undefined for an aie-opt that stands alone, say in /usr/bin.
 */
export async function mlirAieRoot(aieOpt: Pick<FoundTool, "path">): Promise<string | undefined> {
  const root = dirname(dirname(aieOpt.path));
  return (await isFile(join(root, "include/aie_api/aie.hpp"))) ? root : undefined;
}

export function originOf(name: ToolName): ToolOrigin {
  const origins = Object.keys(toolNames) as ToolOrigin[];
  return origins.find((origin) => (toolNames[origin] as readonly string[]).includes(name)) ?? "xrt";
}

/** A folder to look in, and how to name it to a person; without a folder, the variable for it is not set. */
interface Place {
  readonly folder: string | undefined;
  readonly label: string;
}

const packageOf: Readonly<Record<ToolOrigin, string>> = {
  "mlir-aie": "mlir_aie",
  peano: "llvm_aie",
  bootgen: "bootgen",
  xrt: "xrt",
};

/** What gets the tools: a command, or what to set. */
export const howToGet: Readonly<Record<ToolOrigin, string>> = {
  "mlir-aie":
    "aiekit toolchain install mlir_aie; or set MLIR_AIE_INSTALL_DIR to the mlir_aie folder of an unpacked wheel",
  peano: "aiekit toolchain install llvm_aie; or set PEANO_INSTALL_DIR to the llvm-aie folder of an unpacked wheel",
  bootgen: "aiekit toolchain install mlir_aie, whose wheel has one; or apt install xilinx-bootgen",
  xrt: "XRT 2.25 or newer: libxrt-utils from trixie-backports, or ppa:amd-team/xrt on Ubuntu; then set XILINX_XRT where it is not in /opt/xilinx/xrt or on PATH",
};

async function placesOf(origin: ToolOrigin, environment: ToolEnvironment): Promise<readonly Place[]> {
  const mlirAie = [
    variablePlace(environment, "MLIR_AIE_INSTALL_DIR", "bin"),
    await installedPlace(environment, "mlir_aie", "mlir_aie/bin"),
    ...(await sitePackagesPlaces(environment, "mlir_aie/bin")),
  ];
  const path = pathPlaces(environment);
  switch (origin) {
    case "mlir-aie":
    case "bootgen":
      return [...mlirAie, ...path];
    case "peano":
      // Not PATH: a system's own clang, opt and llc are not Peano.
      return [
        variablePlace(environment, "PEANO_INSTALL_DIR", "bin"),
        variablePlace(environment, "MLIR_AIE_INSTALL_DIR", "../llvm-aie/bin"),
        await installedPlace(environment, "llvm_aie", "llvm-aie/bin"),
        ...(await sitePackagesPlaces(environment, "llvm-aie/bin")),
      ];
    case "xrt": {
      const opt = join(environment.systemRoot, "opt/xilinx/xrt/bin");
      return [variablePlace(environment, "XILINX_XRT", "bin"), { folder: opt, label: opt }, ...path, ...mlirAie];
    }
  }
}

/** `$NAME/below` where the variable is set; the label says where it is not. */
function variablePlace({ env }: ToolEnvironment, name: string, below: string): Place {
  const value = env[name];
  if (!value) return { folder: undefined, label: `$${name}/${below} (not set)` };
  return { folder: join(value, below), label: `$${name}/${below} = ${join(value, below)}` };
}

async function installedPlace(environment: ToolEnvironment, name: string, below: string): Promise<Place> {
  const root = environment.toolchainFolder;
  if (root === undefined) return { folder: undefined, label: `$${toolchainVariable} and $HOME (not set)` };
  const installed = await currentPackage(root, name);
  if (installed === undefined) {
    return { folder: undefined, label: `${join(root, name)} (nothing installed; $${toolchainVariable})` };
  }
  const folder = join(installed.folder, below);
  return { folder, label: `${folder} (installed)` };
}

/** `below` in the site-packages of an active Python virtual environment, where pip puts wheels. */
async function sitePackagesPlaces({ env }: ToolEnvironment, below: string): Promise<readonly Place[]> {
  const venv = env.VIRTUAL_ENV;
  if (!venv) return [{ folder: undefined, label: "$VIRTUAL_ENV (not set)" }];
  const versions = (await readdir(join(venv, "lib")).catch(() => [])).filter((name) => name.startsWith("python3."));
  const folders = versions.sort().map((name) => join(venv, "lib", name, "site-packages", below));
  if (folders.length === 0) return [{ folder: undefined, label: `${join(venv, "lib")} (no python3.* in it)` }];
  return folders.map((folder) => ({ folder, label: folder }));
}

/** PATH as places; one label for all of them. */
function pathPlaces({ env }: ToolEnvironment): readonly Place[] {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.length === 0
    ? [{ folder: undefined, label: "PATH (empty)" }]
    : folders.map((folder) => ({ folder, label: "PATH" }));
}

/**
 * Version of the wheel whose `<package>/bin` this is: the `*.dist-info` folder beside the package says it, and without
 * a Python that could be asked it is the only word on it for Peano.
 */
async function wheelVersion(bin: string): Promise<string | undefined> {
  const packageFolder = dirname(bin);
  const distribution = packageFolder.slice(dirname(packageFolder).length + 1).replaceAll("-", "_");
  if (distribution !== "mlir_aie" && distribution !== "llvm_aie") return undefined;
  const beside = dirname(packageFolder);
  const names = await readdir(beside).catch(() => []);
  const info = names.find((name) => name.startsWith(`${distribution}-`) && name.endsWith(".dist-info"));
  if (info === undefined) return undefined;
  const metadata = await readFile(join(beside, info, "METADATA"), "utf8").catch(() => "");
  return /^Version: *(\S+)/m.exec(metadata)?.[1];
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}
