import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../cache/atomic-write.ts";
import type { Check } from "./check.ts";
import type { DoctorEnvironment } from "./environment.ts";
import { findProgram } from "./find-program.ts";

/** Lowest Node.js that the packages' `engines` allow. */
const nodeMinimum = [20, 19] as const;

/** What a build for the simulator needs. */
export async function buildChecks(environment: DoctorEnvironment): Promise<readonly Check[]> {
  const { cache, output } = environment.project;
  return Promise.all([
    checkNode(environment),
    checkPnpm(environment),
    checkFolder({ name: "cache folder", folder: cache, about: "keeps results of build steps" }),
    checkFolder({ name: "output folder", folder: output, about: "receives what builds make" }),
    checkSimTarget(environment),
  ]);
}

function checkNode({ nodeVersion }: DoctorEnvironment): Check {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  const ok = major > nodeMinimum[0] || (major === nodeMinimum[0] && minor >= nodeMinimum[1]);
  return {
    group: "build",
    name: "Node.js",
    status: ok ? "ok" : "fail",
    about: "runs everything",
    found: ok ? nodeVersion : `${nodeVersion}, expected ${nodeMinimum.join(".")} or newer`,
    lookedIn: ["this process"],
    ...(!ok && { cure: "install the current LTS release of Node.js from nodejs.org or with your package manager" }),
  };
}

async function checkPnpm(environment: DoctorEnvironment): Promise<Check> {
  const path = await findProgram("pnpm", environment);
  const version = path && (await environment.ask(path, ["--version"]))?.trim();
  const about = "installs the workspace; make uses npx where it is missing";
  const base = { group: "build", name: "pnpm", about, lookedIn: ["PATH"] } as const;
  if (version) return { ...base, status: "ok", found: `${version} (${path})` };
  return { ...base, status: "absent", found: "not found", cure: "npm install --global pnpm@10" };
}

async function checkFolder(place: { name: string; folder: string; about: string }): Promise<Check> {
  const { name, folder, about } = place;
  const base = { group: "build", name, about, lookedIn: [folder] } as const;
  const probe = join(folder, `.doctor-${process.pid}`);
  try {
    await writeFileAtomic(probe, "");
    await rm(probe);
    return { ...base, status: "ok", found: folder };
  } catch (error) {
    const cure = `make ${folder} writable for this user, or build with another folder`;
    return { ...base, status: "fail", found: `not writable: ${(error as Error).message}`, cure };
  }
}

async function checkSimTarget(environment: DoctorEnvironment): Promise<Check> {
  const base = {
    group: "build",
    name: "simulator target",
    about: "compiles kernels to WebAssembly, one 64 KiB page a tile, and runs them",
    lookedIn: [environment.env.AIEKIT_CLANG ? `$AIEKIT_CLANG = ${environment.env.AIEKIT_CLANG}` : "@yowasp/clang"],
  } as const;
  const startMs = performance.now();
  try {
    const version = await environment.probeSimTarget();
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    return { ...base, status: "ok", found: `${version}; a probe compiled, linked and ran in ${seconds} s` };
  } catch (error) {
    const cure = "install the packages again: pnpm install --frozen-lockfile; unset AIEKIT_CLANG where it is set";
    return { ...base, status: "fail", found: (error as Error).message, cure };
  }
}
