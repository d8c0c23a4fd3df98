import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "@aiekit/core";
import { findProject, type ProjectOptions } from "../build/project.ts";
import { registeredIn, withLine } from "./registrations.ts";

export interface NewKernel {
  /** Paths from the project's root. */
  readonly created: readonly string[];
  readonly edited: readonly string[];
}

/**
 * Makes the skeleton of a kernel that builds and passes as it is: C++ source with its scalar meaning, design, float64
 * reference, suite, tests, and the lines that make them known. Everything is checked before the first file is written.
 * @throws UsageError for a name that cannot be or is taken.
 */
export async function newKernel(name: string, options: ProjectOptions = {}): Promise<NewKernel> {
  const { root } = findProject(options);
  expectName(name);
  const files = await skeleton(name);
  const taken = [...files.keys()].find((path) => existsSync(join(root, path)));
  if (taken !== undefined) {
    throw new UsageError(`new kernel ${name}: ${taken} exists already`, { hint: "choose another name" });
  }
  const edits = new Map<string, string>();
  for (const insertion of registeredIn(name)) {
    const text = await readFile(join(root, insertion.path), "utf8");
    edits.set(insertion.path, withLine(edits.get(insertion.path) ?? text, insertion));
  }

  for (const [path, text] of [...files, ...edits]) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  format(root, [...files.keys(), ...edits.keys()]);
  return { created: [...files.keys()], edited: [...edits.keys()] };
}

/** Names become C++ namespaces, TypeScript names and file names. */
function expectName(name: string): void {
  if (/^[a-z][a-z0-9]{1,30}$/.test(name) && !reserved.has(name)) return;
  const found = reserved.has(name) ? "a word of C++ or TypeScript" : JSON.stringify(name);
  throw new UsageError(`new kernel: expected a name of 2 to 31 lower-case letters and digits, got ${found}`, {
    hint: "for example: aiekit new kernel relu",
  });
}

const reserved = new Set(
  (
    "abstract alignas alignof and any as asm async auto await bigint bool boolean break case catch char class concept const " +
    "consteval constexpr constinit continue debugger declare default delete do double else enum explicit export extends extern " +
    "false final finally float for friend from function get goto if implements import in inline instanceof int interface is " +
    "keyof let long module mutable namespace never new noexcept not null number object of operator or override package private " +
    "protected public register requires return set short signed sizeof static string struct super switch symbol template this " +
    "throw true try type typeof typedef typename undefined union unknown unsigned using var virtual void volatile while with " +
    "xor yield main aie aiekit"
  ).split(" "),
);

const templates = join(import.meta.dirname, "..", "..", "templates", "kernel");

/** Template file -> where it goes. */
const places: Readonly<Record<string, (name: string) => string>> = {
  "NAME.cc.template": (name) => `kernels/${name}/${name}.cc`,
  "NAME_ref.h.template": (name) => `kernels/${name}/${name}_ref.h`,
  "kernel.test.ts.template": (name) => `packages/aie-api/src/kernels/${name}.test.ts`,
  "design.ts.template": (name) => `mlir/src/designs/${name}.ts`,
  "reference.ts.template": (name) => `validate/src/references/${name}-reference.ts`,
  "suite.ts.template": (name) => `validate/src/suites/${name}-suite.ts`,
  "suite.test.ts.template": (name) => `validate/src/suites/${name}-suite.test.ts`,
};

async function skeleton(name: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const template of (await readdir(templates)).sort()) {
    const text = await readFile(join(templates, template), "utf8");
    files.set(places[template]!(name), filled(text, name));
  }
  return files;
}

function filled(text: string, name: string): string {
  const pascal = name.charAt(0).toUpperCase() + name.slice(1);
  return text.replaceAll("__NAME__", name).replaceAll("__CAMEL__", name).replaceAll("__PASCAL__", pascal);
}

/** Sorts imports and breaks lines as the project's checks want them; without the formatter the files stay as they are. */
function format(root: string, paths: readonly string[]): void {
  const biome = join(root, "node_modules", "@biomejs", "biome", "bin", "biome");
  const sources = paths.filter((path) => path.endsWith(".ts"));
  if (existsSync(biome)) spawnSync(process.execPath, [biome, "check", "--write", ...sources], { cwd: root });
}
