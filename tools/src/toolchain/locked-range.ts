import { findProject } from "../build/project.ts";
import { readToolchainLock } from "./toolchain-lock.ts";
import type { VersionRange } from "./versions.ts";

/** Versions of a package of the lock that the drivers are written for; undefined for one that is not in it. */
export function lockedRange(name: string | undefined): VersionRange | undefined {
  const lock = readToolchainLock(findProject().root);
  return [...lock.wheels, ...lock.others].find((entry) => entry.name === name)?.supported;
}
