import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { ToolError } from "@aiekit/core";
import { findProject, type Project } from "../build/project.ts";
import { runTool } from "../drivers/run-tool.ts";
import { localToolEnvironment, type ToolEnvironment } from "../toolchain/find-tools.ts";
import { localWheelHost } from "../toolchain/wheel-host.ts";
import type { WheelHost } from "../toolchain/wheel-name.ts";
import { probeSimTarget } from "./probe-sim-target.ts";

/**
 * Everything of the machine that the checks look at, so that a test can be any machine. sysfs, /dev, /proc, /etc and
 * system libraries are looked up below `systemRoot`.
 */
export interface DoctorEnvironment extends ToolEnvironment {
  readonly project: Project;
  /** As `process.versions.node`. */
  readonly nodeVersion: string;
  readonly platform: string;
  readonly host: WheelHost;
  /** Kernel release, as `uname -r`. */
  readonly kernelRelease: string;
  /** Ids of this process's groups. */
  readonly groups: readonly number[];
  readonly canReadWrite: (path: string) => Promise<boolean>;
  /** What a program prints, whatever its exit code; undefined when it cannot be started or does not answer. */
  readonly ask: (program: string, args: readonly string[]) => Promise<string | undefined>;
  /** Compiles, links and runs a one-line kernel; returns the compiler's version. @throws when any of that fails. */
  readonly probeSimTarget: () => Promise<string>;
  /** Loads the addon over XRT, and opens what XRT lists through it. */
  readonly addon: () => Promise<AddonReport>;
}

/** What became of the addon; of those NPUs that did not open, why. */
export type AddonReport =
  | { readonly loads: false; readonly reason: string; readonly cure: string }
  | {
      readonly loads: true;
      readonly builtAgainst: string;
      readonly runtime: string;
      readonly npus: readonly AddonNpu[];
    };

interface AddonNpu {
  readonly available: boolean;
  readonly name: string;
  readonly detail: string;
  readonly hint?: string;
}

/** This machine. */
export async function localEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  addon: DoctorEnvironment["addon"],
  project: Project = findProject(),
): Promise<DoctorEnvironment> {
  const { release } = await import("node:os");
  return {
    ...localToolEnvironment(env),
    project,
    nodeVersion: process.versions.node,
    platform: process.platform,
    host: localWheelHost(),
    kernelRelease: release(),
    groups: process.getgroups?.() ?? [],
    canReadWrite: (path) =>
      access(path, constants.R_OK | constants.W_OK).then(
        () => true,
        () => false,
      ),
    ask,
    addon,
    probeSimTarget: () => probeSimTarget(env.AIEKIT_CLANG),
  };
}

async function ask(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return await runTool({ program, args, stage: `ask ${program}`, timeoutMs: 5000 });
  } catch (error) {
    return error instanceof ToolError && error.failure.exitCode !== undefined ? error.failure.stderr : undefined;
  }
}
