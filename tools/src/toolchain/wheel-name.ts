import { UsageError } from "@aiekit/core";

/** The parts of a wheel's file name: `name-version(-build)?-python-abi-platform.whl`. */
export interface WheelName {
  readonly file: string;
  readonly name: string;
  readonly version: string;
  /** One or more platform tags: `manylinux_2_35_x86_64`, `win_amd64`. */
  readonly platforms: readonly string[];
}

/** The packages that this project knows what to do with. */
export const wheelPackages = ["mlir_aie", "llvm_aie"] as const;

/** What of the machine decides whether a wheel's programs start on it. */
export interface WheelHost {
  readonly platform: string;
  readonly arch: string;
  /** `2.36`; undefined where the C library is another. */
  readonly glibc: string | undefined;
}

/** @throws UsageError for another file, or a wheel of another package. */
export function parseWheelName(file: string): WheelName {
  const match = /^([A-Za-z0-9_.]+)-([0-9][A-Za-z0-9_.+!]*)(?:-\d[^-]*)?-[^-]+-[^-]+-([^-]+)\.whl$/.exec(file);
  if (match === null) {
    const hint =
      "a wheel is named like mlir_aie-1.3.4-cp312-cp312-manylinux_2_35_x86_64.whl; keep the name of the release page";
    throw new UsageError(`${file}: not the file name of a wheel`, { hint });
  }
  const [, name = "", version = "", platforms = ""] = match;
  if (!(wheelPackages as readonly string[]).includes(name)) {
    throw new UsageError(`${file}: a wheel of ${name}, expected one of ${wheelPackages.join(", ")}`);
  }
  return { file, name, version, platforms: platforms.split(".") };
}

/** @throws UsageError when none of the wheel's platforms is this machine's. */
export function requirePlatform(wheel: WheelName, host: WheelHost): void {
  const problems = wheel.platforms.map((tag) => platformProblem(tag, host));
  if (problems.some((problem) => problem === undefined)) return;
  throw new UsageError(`${wheel.file}: ${problems[0]}`, {
    hint: "the programs of AMD's wheels run on Linux x86_64 with a new enough glibc (and some on Windows): take a machine or a container with that",
  });
}

function platformProblem(tag: string, { platform, arch, glibc }: WheelHost): string | undefined {
  if (tag === "any") return undefined;
  if (tag === "win_amd64")
    return platform === "win32" && arch === "x64" ? undefined : `for Windows x86_64, this is ${platform} ${arch}`;
  const manylinux = /^manylinux_(\d+)_(\d+)_x86_64$/.exec(tag) ?? (/^linux_x86_64$/.test(tag) ? ["", "2", "0"] : null);
  if (manylinux === null) return `for ${tag}, this is ${platform} ${arch}`;
  if (platform !== "linux" || arch !== "x64") return `for Linux x86_64, this is ${platform} ${arch}`;
  const needed = [Number(manylinux[1]), Number(manylinux[2])] as const;
  if (glibc === undefined) return `needs glibc ${needed.join(".")}, this system has another C library`;
  const [major = 0, minor = 0] = glibc.split(".").map(Number);
  const enough = major > needed[0] || (major === needed[0] && minor >= needed[1]);
  return enough ? undefined : `needs glibc ${needed.join(".")}, this system has ${glibc}`;
}
