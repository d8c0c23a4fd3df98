import { dirname, join } from "node:path";
import { findTool, startCure, type ToolName } from "../toolchain/find-tools.ts";
import { lockedRange } from "../toolchain/locked-range.ts";
import { isWithin } from "../toolchain/versions.ts";
import type { Check } from "./check.ts";
import type { DoctorEnvironment } from "./environment.ts";
import { exists } from "./system-files.ts";

/** The native tools of builds for npu1 and npu2. */
export async function hardwareToolChecks(environment: DoctorEnvironment): Promise<readonly Check[]> {
  return Promise.all([
    checkCLibrary(environment),
    checkTool(environment, {
      program: "aie-opt",
      about: "lowers designs for hardware (mlir-aie)",
      args: ["--version"],
    }),
    checkTool(environment, {
      program: "aie-translate",
      about: "writes CDO files and instruction streams (mlir-aie)",
      args: ["--version"],
    }),
    checkPeano(environment),
    checkTool(environment, {
      program: "bootgen",
      about: "packs CDO files into a PDI; needed only with --packager tools",
      // bootgen has no option for its version and prints it above its help.
      args: [],
    }),
    checkTool(environment, {
      program: "xclbinutil",
      about: "packs a PDI into an xclbin; needed only with --packager tools",
      args: ["--version"],
      problem: (output) =>
        output.includes("unwrapped/xclbinutil") ? "only a wrapper: its package ships no program behind it" : undefined,
    }),
  ]);
}

/** The mlir_aie wheel is built against this glibc (its tag is manylinux_2_35). */
const glibcMinimum = [2, 35] as const;

async function checkCLibrary({ host }: DoctorEnvironment): Promise<Check> {
  const base = {
    group: "hardware tools",
    name: "C library",
    about: "AMD's programs are built for Linux x86_64 with glibc 2.35 or newer",
    lookedIn: ["this process"],
  } as const;
  const cure =
    "build for hardware on Linux x86_64 with glibc 2.35 or newer (Debian 12, Ubuntu 22.04), or in a container of it";
  if (host.platform !== "linux" || host.arch !== "x64")
    return { ...base, status: "absent", found: `this is ${host.platform} ${host.arch}`, cure };
  if (host.glibc === undefined) return { ...base, status: "absent", found: "another C library than glibc", cure };
  const [major = 0, minor = 0] = host.glibc.split(".").map(Number);
  const ok = major > glibcMinimum[0] || (major === glibcMinimum[0] && minor >= glibcMinimum[1]);
  const found = `glibc ${host.glibc}`;
  return ok
    ? { ...base, status: "ok", found }
    : { ...base, status: "absent", found: `${found}, expected 2.35 or newer`, cure };
}

interface ToolQuestion {
  readonly program: ToolName;
  readonly about: string;
  readonly args: readonly string[];
  /** What is wrong with a tool that printed this; undefined when nothing is. */
  readonly problem?: (output: string) => string | undefined;
}

async function checkTool(environment: DoctorEnvironment, question: ToolQuestion): Promise<Check> {
  const { program, about } = question;
  const tool = await findTool(program, environment);
  const base = { group: "hardware tools", name: program, about } as const;
  if ("missing" in tool)
    return { ...base, status: "absent", found: "not found", lookedIn: tool.lookedIn, cure: tool.how };
  const { path, version, from, how } = tool;
  const located = { ...base, lookedIn: [from], path, ...(version !== undefined && { version }) };
  const output = await environment.ask(path, question.args);
  if (output === undefined)
    return { ...located, status: "warn", found: `${path} does not start or answer`, cure: startCure(tool) };
  const problem = question.problem?.(output);
  if (problem !== undefined) return { ...located, status: "warn", found: `${path}: ${problem}`, cure: how };
  const said = versionLine(output, program);
  const found = `${version === undefined ? said : `${version}, ${said}`} (${path})`;
  const range = lockedRange(tool.package);
  if (version !== undefined && range !== undefined && !isWithin(version, range)) {
    const expected = `the drivers are written for ${range.from} or newer, before ${range.before ?? "any"}`;
    return { ...located, status: "warn", found: `${found}: outside the supported range`, cure: `${expected}: ${how}` };
  }
  return { ...located, status: "ok", found };
}

async function checkPeano(environment: DoctorEnvironment): Promise<Check> {
  const base = { name: "Peano", about: "compiles kernels and cores for AIE2 (llvm-aie: clang, opt, llc)" };
  const check = await checkTool(environment, {
    ...base,
    program: "llc",
    args: ["--version"],
    problem: (output) => (/\baie2\b/.test(output) ? undefined : "has no aie2 target, so it is not Peano's"),
  });
  if (check.status !== "ok" || check.path === undefined) return { ...check, ...base };
  const bin = dirname(check.path);
  const missing: string[] = [];
  for (const program of ["clang", "clang++", "opt", "ld.lld"]) {
    if (!(await exists(join(bin, program)))) missing.push(program);
  }
  if (missing.length === 0) return { ...check, ...base };
  const cure = "the wheel was not unpacked whole: aiekit toolchain install llvm_aie --force";
  return { ...check, ...base, status: "warn", found: `${check.path} has no ${missing.join(", ")} beside it`, cure };
}

/** The line with a version or a commit in it, without the stars of bootgen's banner. */
function versionLine(output: string, program: string): string {
  const lines = output.split("\n").map((line) => line.replace(/^\*+/, "").trim());
  const named = lines.find((line) => line.startsWith(`${program} `) && /[0-9a-f]{7}/.test(line));
  return named ?? lines.find((line) => /\d+\.\d+/.test(line)) ?? lines[0] ?? "no version";
}
