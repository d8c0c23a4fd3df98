import { readdir, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { DoctorEnvironment } from "./environment.ts";

/** A folder to look in, and how to name it to a person. */
export interface Place {
  readonly folder: string;
  readonly label: string;
}

export interface FoundProgram {
  readonly path: string | undefined;
  readonly lookedIn: readonly string[];
}

/** The first of `places` that holds the program. */
export async function findProgram(program: string, places: readonly Place[]): Promise<FoundProgram> {
  const lookedIn = places.map((place) => place.label);
  for (const { folder } of places) {
    const path = join(folder, program);
    if (await isFile(path)) return { path, lookedIn };
  }
  return { path: undefined, lookedIn };
}

/** PATH as places; one label for all of them. */
export function pathPlaces(environment: DoctorEnvironment): readonly Place[] {
  const folders = (environment.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => ({ folder, label: "PATH" }));
}

/** `$NAME/below` where the variable is set; the label says where it is not. */
export function variablePlace(environment: DoctorEnvironment, name: string, below: string): readonly Place[] {
  const value = environment.env[name];
  if (value === undefined || value === "") return [{ folder: "", label: `$${name}/${below} (not set)` }];
  return [{ folder: join(value, below), label: `$${name}/${below} = ${join(value, below)}` }];
}

/** `below` in the site-packages of an active Python virtual environment, where wheels put the tools. */
export async function sitePackagesPlaces(environment: DoctorEnvironment, below: string): Promise<readonly Place[]> {
  const venv = environment.env.VIRTUAL_ENV;
  if (venv === undefined || venv === "") return [{ folder: "", label: "$VIRTUAL_ENV (not set)" }];
  const versions = await readdir(join(venv, "lib")).catch(() => []);
  return versions
    .filter((name) => name.startsWith("python3."))
    .map((name) => join(venv, "lib", name, "site-packages", below))
    .map((folder) => ({ folder, label: folder }));
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}
