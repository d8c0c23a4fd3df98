import { dirname, join } from "node:path";
import type { Check } from "./check.ts";
import type { DoctorEnvironment } from "./environment.ts";
import { findProgram, type Place, pathPlaces, sitePackagesPlaces, variablePlace } from "./find-program.ts";

/** The native tools of builds for npu1 and npu2. */
export async function hardwareToolChecks(environment: DoctorEnvironment): Promise<readonly Check[]> {
  const places = await toolPlaces(environment);
  return Promise.all([
    checkTool(environment, {
      program: "aie-opt",
      about: "lowers designs for hardware (mlir-aie)",
      places: places.mlirAie,
      args: ["--version"],
      cure: cures.mlirAie,
    }),
    checkTool(environment, {
      program: "aie-translate",
      about: "writes CDO files and instruction streams (mlir-aie)",
      places: places.mlirAie,
      args: ["--version"],
      cure: cures.mlirAie,
    }),
    checkPeano(environment, places.peano),
    checkTool(environment, {
      program: "bootgen",
      about: "packs CDO files into a PDI; needed only with --packager tools",
      places: places.mlirAie,
      // bootgen has no option for its version and prints it above its help.
      args: [],
      cure: "apt install xilinx-bootgen, or take it from the mlir_aie wheel",
    }),
    checkTool(environment, {
      program: "xclbinutil",
      about: "packs a PDI into an xclbin; needed only with --packager tools",
      places: places.xrt,
      args: ["--version"],
      problem: (output) =>
        output.includes("unwrapped/xclbinutil") ? "only a wrapper: its package ships no program behind it" : undefined,
      cure: "XRT 2.25 or newer: libxrt-utils from trixie-backports, or ppa:amd-team/xrt on Ubuntu",
    }),
  ]);
}

const cures = {
  mlirAie:
    "unpack an mlir_aie wheel (github.com/Xilinx/mlir-aie/releases) and set MLIR_AIE_INSTALL_DIR to its mlir_aie folder",
  peano:
    "unpack an llvm_aie wheel (github.com/Xilinx/llvm-aie/releases, nightly, same month as mlir_aie) and set " +
    "PEANO_INSTALL_DIR to its llvm-aie folder",
} as const;

interface ToolPlaces {
  readonly mlirAie: readonly Place[];
  readonly peano: readonly Place[];
  readonly xrt: readonly Place[];
}

async function toolPlaces(environment: DoctorEnvironment): Promise<ToolPlaces> {
  const path = pathPlaces(environment);
  const mlirAieWheel = [
    ...variablePlace(environment, "MLIR_AIE_INSTALL_DIR", "bin"),
    ...(await sitePackagesPlaces(environment, "mlir_aie/bin")),
  ];
  const optXrt = join(environment.systemRoot, "opt/xilinx/xrt/bin");
  return {
    mlirAie: [...mlirAieWheel, ...path],
    // Not PATH: a system's own clang, opt and llc are not Peano.
    peano: [
      ...variablePlace(environment, "PEANO_INSTALL_DIR", "bin"),
      ...variablePlace(environment, "MLIR_AIE_INSTALL_DIR", "../llvm-aie/bin"),
      ...(await sitePackagesPlaces(environment, "llvm-aie/bin")),
    ],
    xrt: [
      ...variablePlace(environment, "XILINX_XRT", "bin"),
      { folder: optXrt, label: optXrt },
      ...path,
      ...mlirAieWheel,
    ],
  };
}

interface ToolQuestion {
  readonly program: string;
  readonly about: string;
  readonly places: readonly Place[];
  readonly args: readonly string[];
  readonly cure: string;
  /** What is wrong with a tool that printed this; undefined when nothing is. */
  readonly problem?: (output: string) => string | undefined;
}

async function checkTool(environment: DoctorEnvironment, question: ToolQuestion): Promise<Check> {
  const { program, about, places, cure } = question;
  const { path, lookedIn } = await findProgram(program, places);
  const base = { group: "hardware tools", name: program, about, lookedIn: [...new Set(lookedIn)] } as const;
  if (path === undefined) return { ...base, status: "absent", found: "not found", cure };
  const output = await environment.ask(path, question.args);
  if (output === undefined) return { ...base, status: "warn", found: `${path} does not start or answer`, cure };
  const problem = question.problem?.(output);
  if (problem !== undefined) return { ...base, status: "warn", found: `${path}: ${problem}`, cure };
  return { ...base, status: "ok", found: `${versionLine(output, program)} (${path})` };
}

async function checkPeano(environment: DoctorEnvironment, places: readonly Place[]): Promise<Check> {
  const base = { name: "Peano", about: "compiles kernels and cores for AIE2 (llvm-aie: clang, opt, llc)" };
  const check = await checkTool(environment, {
    ...base,
    program: "llc",
    places,
    args: ["--version"],
    cure: cures.peano,
    problem: (output) => (/\baie2\b/.test(output) ? undefined : "has no aie2 target, so it is not Peano's"),
  });
  if (check.status !== "ok") return { ...check, ...base };
  const { path = "" } = await findProgram("llc", places);
  const siblings = await Promise.all(
    ["clang", "opt", "ld.lld"].map(async (program) => {
      const found = await findProgram(program, [{ folder: dirname(path), label: dirname(path) }]);
      return found.path === undefined ? [program] : [];
    }),
  );
  const missing = siblings.flat();
  if (missing.length === 0) return { ...check, ...base };
  return {
    ...check,
    ...base,
    status: "warn",
    found: `${path} has no ${missing.join(", ")} beside it`,
    cure: cures.peano,
  };
}

/** The line with a version or a commit in it, without the stars of bootgen's banner. */
function versionLine(output: string, program: string): string {
  const lines = output.split("\n").map((line) => line.replace(/^\*+/, "").trim());
  const named = lines.find((line) => line.startsWith(`${program} `) && /[0-9a-f]{7}/.test(line));
  return named ?? lines.find((line) => /\d+\.\d+/.test(line)) ?? lines[0] ?? "no version";
}
