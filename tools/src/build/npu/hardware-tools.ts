import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ToolMissingError } from "@aiekit/core";
import type { PeanoPaths } from "../../drivers/peano.ts";
import type { DrivenTool } from "../../drivers/tool-command.ts";
import {
  type FoundPackagingTools,
  findPackagingTools,
  type PackagingTool,
} from "../../packaging/find-packaging-tools.ts";
import type { PackagerName } from "../../packaging/packager.ts";
import type { MissingTool } from "../../plan/step.ts";
import {
  findTool,
  howToGet,
  localToolEnvironment,
  notFound,
  startCure,
  type ToolEnvironment,
} from "../../toolchain/find-tools.ts";
import { lockedRange } from "../../toolchain/locked-range.ts";
import { detectMlirAie, type MlirAieRelease, supportedMlirAie } from "../../toolchain/mlir-aie-releases.ts";
import { isWithin } from "../../toolchain/versions.ts";
import type { ToolIdentity } from "../tool-versions.ts";
import { openToolFacts, type ToolFacts, type ToolFactsMemo } from "./tool-facts.ts";

/** A program, with the hash of its file; or a folder of headers, whose version is a hash. */
interface FoundTool extends ToolIdentity {
  readonly path: string;
}

type ToolState = FoundTool | MissingTool;

/** The native tools of this machine, as far as they serve a build. */
export interface HardwareTools {
  readonly programs: Readonly<Record<DrivenTool, ToolState>>;
  /** Of aie-opt; undefined where it is missing or of no known release. */
  readonly release: MlirAieRelease | undefined;
  /** Passes that aie-opt lists. */
  readonly passes: ReadonlySet<string>;
  /** Headers of aie_api, and Peano's linker. */
  readonly paths: PeanoPaths;
  readonly aieApi: ToolState;
  /** bootgen and xclbinutil; undefined where they are not asked for, and this program packs by itself. */
  readonly packaging: FoundPackagingTools | undefined;
  readonly warnings: readonly string[];
}

export function isFound<T extends FoundTool>(state: T | MissingTool): state is T {
  return "path" in state;
}

/** `cacheFolder` keeps what the tools answered. */
export async function findHardwareTools(
  variables: ToolEnvironment["env"],
  cacheFolder: string,
  packager: PackagerName = "own",
): Promise<HardwareTools> {
  const env = localToolEnvironment(variables);
  const memo = await openToolFacts(join(cacheFolder, "tool-facts.json"));
  const [mlirAie, peano, packaging] = await Promise.all([
    findMlirAie(env, memo),
    findPeano(env, memo),
    packager === "own" ? undefined : findPackagingTools(env, memo.answer).then((tools) => withHashes(tools, memo)),
  ]);
  const aieApi = await findAieApi(env, mlirAie.programs["aie-opt"], memo);
  await memo.save();
  const { llc } = peano.programs;
  return {
    ...mlirAie,
    warnings: [...mlirAie.warnings, ...peano.warnings],
    programs: { ...mlirAie.programs, ...peano.programs },
    aieApi,
    packaging,
    paths: {
      aieApiInclude: isFound(aieApi) ? aieApi.path : "$MLIR_AIE_INSTALL_DIR/include",
      linker: isFound(llc) ? join(dirname(llc.path), "ld.lld") : "$PEANO_INSTALL_DIR/bin/ld.lld",
    },
  };
}

/** Programs and headers that are there, by name: what a manifest remembers. */
export function toolIdentities({ programs, aieApi }: HardwareTools): Readonly<Record<string, ToolIdentity>> {
  return Object.fromEntries(
    Object.entries({ ...programs, aie_api: aieApi }).flatMap(([name, state]) => {
      return isFound(state) ? [[name, toolIdentity(state)]] : [];
    }),
  );
}

export function toolIdentity({ version, sha256 }: ToolIdentity): ToolIdentity {
  return { version, ...(sha256 !== undefined && { sha256 }) };
}

async function withHashes(tools: FoundPackagingTools, memo: ToolFactsMemo): Promise<FoundPackagingTools> {
  const hashed = async (tool: PackagingTool): Promise<PackagingTool> =>
    tool.missing === undefined ? { ...tool, sha256: await memo.hash(tool.program) } : tool;
  const [bootgen, xclbinutil] = await Promise.all([hashed(tools.bootgen), hashed(tools.xclbinutil)]);
  return { bootgen, xclbinutil };
}

type MlirAiePart = Pick<HardwareTools, "release" | "passes" | "warnings"> & {
  readonly programs: Pick<HardwareTools["programs"], "aie-opt" | "aie-translate">;
};

async function findMlirAie(env: ToolEnvironment, memo: ToolFactsMemo): Promise<MlirAiePart> {
  const [opt, translate] = await Promise.all([
    askTool("aie-opt", { env, memo, help: true }),
    askTool("aie-translate", { env, memo, help: true }),
  ]);
  const none = { release: undefined, passes: new Set<string>(), warnings: [] };
  if (!isFound(opt)) return { ...none, programs: { "aie-opt": opt, "aie-translate": translate } };
  const detected = detectMlirAie(opt.help, isFound(translate) ? translate.help : undefined);
  if (detected.release === undefined) {
    const cure = `take ${supportedMlirAie}: ${howToGet["mlir-aie"]}`;
    const unfit: MissingTool = { tool: "aie-opt", reason: `${opt.path} ${detected.reason}`, cure };
    return { ...none, programs: { "aie-opt": unfit, "aie-translate": translate } };
  }
  const { release, passes, warning } = detected;
  const warnings = warning === undefined ? [] : [warning];
  return { release, passes, warnings, programs: { "aie-opt": opt, "aie-translate": translate } };
}

type PeanoPart = Pick<HardwareTools, "warnings"> & {
  readonly programs: Pick<HardwareTools["programs"], "clang" | "clang++" | "opt" | "llc">;
};

async function findPeano(env: ToolEnvironment, memo: ToolFactsMemo): Promise<PeanoPart> {
  const ask = (tool: DrivenTool): Promise<AskedTool> => askTool(tool, { env, memo, help: false });
  const [clang, clangxx, opt, llc] = await Promise.all([ask("clang"), ask("clang++"), ask("opt"), ask("llc")]);
  const others = { clang, "clang++": clangxx, opt };
  if (!isFound(llc)) return { programs: { ...others, llc }, warnings: [] };
  const { path, versionText } = llc;
  // A system's own LLVM has an llc as well, and another one may stand in Peano's folder.
  if (!/\baie2\b/.test(versionText)) {
    const reason = `${path} has no aie2 target, so it is not Peano's`;
    return { programs: { ...others, llc: { tool: "llc", reason, cure: howToGet.peano } }, warnings: [] };
  }
  const programs = {
    ...{ clang: ofOneBuild("clang", clang, llc), "clang++": ofOneBuild("clang++", clangxx, llc) },
    ...{ opt: ofOneBuild("opt", opt, llc), llc },
  };
  const version = llvmVersion(llc);
  const range = lockedRange("llvm_aie");
  if (version === undefined || range === undefined || isWithin(version, range)) return { programs, warnings: [] };
  const expected = `${range.from} or newer, before ${range.before ?? "any"}`;
  return { programs, warnings: [`Peano ${version} (${path}): the builds are written for ${expected}`] };
}

/** Only llc lists its targets; the others of one Peano are of its LLVM. */
function ofOneBuild(tool: DrivenTool, state: AskedTool, llc: FoundTool & ToolFacts): AskedTool {
  if (!isFound(state)) return state;
  const [own, expected] = [llvmVersion(state), llvmVersion(llc)];
  if (own === undefined || expected === undefined || own.split(".")[0] === expected.split(".")[0]) return state;
  return {
    tool,
    reason: `${state.path} is of LLVM ${own}, ${llc.path} of ${expected}: they are not of one Peano`,
    cure: howToGet.peano,
  };
}

/** `clang version 21.0.0 (...)`, `LLVM version 21.0.0git` */
const llvmVersion = ({ versionText }: ToolFacts): string | undefined =>
  /version (\d+\.\d+\.\d+)/.exec(versionText)?.[1];

type AskedTool = (FoundTool & ToolFacts) | MissingTool;

interface ToolQuestion {
  readonly env: ToolEnvironment;
  readonly memo: ToolFactsMemo;
  readonly help: boolean;
}

async function askTool(tool: DrivenTool, { env, memo, help }: ToolQuestion): Promise<AskedTool> {
  const located = await findTool(tool, env);
  if ("missing" in located) return { tool, reason: notFound(located), cure: located.how };
  try {
    const { path } = located;
    const [facts, sha256] = await Promise.all([memo.program(path, { help }), memo.hash(path)]);
    return { path, sha256, ...facts };
  } catch (error) {
    if (!(error instanceof ToolMissingError)) throw error;
    return { tool, reason: `${located.path} does not start or answer`, cure: startCure(located) };
  }
}

/** Beside the aie-opt in use: headers and tools of one release belong together. */
async function findAieApi({ env }: ToolEnvironment, aieOpt: ToolState, memo: ToolFactsMemo): Promise<ToolState> {
  const roots = [
    ...(env.MLIR_AIE_INSTALL_DIR ? [env.MLIR_AIE_INSTALL_DIR] : []),
    ...(isFound(aieOpt) ? [dirname(dirname(aieOpt.path))] : []),
  ];
  for (const root of roots) {
    const include = join(root, "include");
    const isThere = await stat(join(include, "aie_api/aie.hpp")).then(
      () => true,
      () => false,
    );
    if (isThere) return { path: include, version: (await memo.folder(join(include, "aie_api"))).version };
  }
  const lookedIn = roots.map((root) => join(root, "include")).join(", ") || "$MLIR_AIE_INSTALL_DIR/include (not set)";
  return {
    tool: "aie_api",
    reason: `headers not found; looked in ${lookedIn}`,
    cure: `they come with the mlir_aie wheel: ${howToGet["mlir-aie"]}`,
  };
}
