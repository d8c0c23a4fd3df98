import type { Check } from "./check.ts";
import type { DoctorEnvironment } from "./environment.ts";
import { findProgram } from "./find-program.ts";

/** Programs that only add something. */
export async function optionalChecks(environment: DoctorEnvironment): Promise<readonly Check[]> {
  const path = await findProgram("espeak-ng", environment);
  const base = {
    group: "optional",
    name: "espeak-ng",
    about: "speaks test sentences; without it tests use synthetic tones",
    lookedIn: ["PATH"],
  } as const;
  if (path === undefined) return [{ ...base, status: "absent", found: "not found", cure: "apt install espeak-ng" }];
  const version = (await environment.ask(path, ["--version"]))?.split("\n")[0]?.trim();
  return [{ ...base, status: "ok", found: version ? `${version} (${path})` : path }];
}
