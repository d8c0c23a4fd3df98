// Holds the direction of imports: who may import what is said here and in docs/architecture.md, nowhere else.
// Also refuses cycles between files of one package, imports of undeclared packages, file names that say nothing and files too
// long to be read at once.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

// Package folder -> packages of this repository that it may import.
const allowed = {
  "packages/core": [],
  "packages/xclbin": ["core"],
  "packages/wasm-clang": ["core"],
  "packages/aie-api": ["core"],
  mlir: ["core"],
  "packages/sim": ["core", "mlir", "xclbin"],
  tools: ["core", "mlir", "xclbin", "wasm-clang", "aie-api"],
  host: ["core", "xclbin", "sim"],
  validate: ["core"],
  pipeline: ["core", "host", "validate"],
  "packages/cli": ["core", "mlir", "xclbin", "wasm-clang", "aie-api", "sim", "tools", "host", "validate", "pipeline"],
};
// Tests may compile kernels, print designs and pack files to have something to test.
const allowedInTests = {
  "packages/aie-api": ["wasm-clang"],
  "packages/sim": ["wasm-clang"],
  host: ["mlir", "wasm-clang"],
};
const longestLines = 400;
const meaningless = /(^|\/)(utils?|helpers?|common|misc|manager)([./-]|$)/;

const problems = [];
let files = 0;
for (const folder of packageFolders()) {
  if (!(folder in allowed)) problems.push(`${folder}: say in scripts/check-imports.mjs what it may import`);
}
for (const [folder, may] of Object.entries(allowed)) {
  if (!existsSync(join(root, folder))) continue;
  const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const graph = new Map();
  for (const file of sources(join(root, folder, "src"))) {
    files++;
    const name = relative(root, file);
    const isTest = /\.test(-support)?\.ts$/.test(name);
    if (meaningless.test(name)) problems.push(`${name}: a name that says nothing; name the idea`);
    const text = readFileSync(file, "utf8");
    holdLength(name, text);
    const edges = [];
    for (const { specifier, typeOnly } of importsOf(text)) {
      if (specifier.startsWith(".")) {
        const target = resolve(dirname(file), specifier);
        if (!target.startsWith(join(root, folder, "src")))
          problems.push(`${name}: imports ${specifier}, outside its own src`);
        if (!typeOnly) edges.push(target);
        continue;
      }
      if (specifier.startsWith("node:")) continue;
      const target = packageOf(specifier);
      const declared = {
        ...manifest.dependencies,
        ...manifest.optionalDependencies,
        ...(isTest ? manifest.devDependencies : {}),
      };
      const fromRoot = isTest && ["vitest", "fast-check"].includes(target);
      if (target !== manifest.name && !(target in declared) && !fromRoot) {
        problems.push(`${name}: imports ${target}, which ${folder}/package.json does not declare`);
      }
      if (!target.startsWith("@aiekit/")) continue;
      const short = target.slice("@aiekit/".length);
      const ok = may.includes(short) || (isTest && (allowedInTests[folder] ?? []).includes(short));
      if (!ok)
        problems.push(`${name}: ${folder} may not import ${target}; it may import ${may.join(", ") || "nothing"}`);
    }
    graph.set(file, edges);
  }
  for (const cycle of cycles(graph)) problems.push(`cycle: ${cycle.map((f) => relative(root, f)).join(" -> ")}`);
}

for (const entry of readdirSync(join(root, "scripts"))) {
  if (entry.endsWith(".mjs")) holdLength(`scripts/${entry}`, readFileSync(join(root, "scripts", entry), "utf8"));
}

for (const problem of problems) console.error(problem);
console.log(`imports: ${files} files, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function holdLength(name, text) {
  const lines = text.split("\n").length - 1;
  if (lines > longestLines)
    problems.push(`${name}: ${lines} lines, ${longestLines} at most; part it by what it is about`);
}

function packageFolders() {
  const folders = readdirSync(root).concat(readdirSync(join(root, "packages")).map((name) => `packages/${name}`));
  return folders.filter((folder) => existsSync(join(root, folder, "package.json")));
}

function sources(dir) {
  return readdirSync(dir).flatMap((entry) => {
    const path = join(dir, entry);
    if (statSync(path).isDirectory()) return sources(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}

// Types alone may refer to each other in a circle: nothing of them is left when the program runs.
function importsOf(text) {
  const pattern = /^\s*(?:import|export)\s(type\s)?[^'"]*?from\s+["']([^"']+)["']/gm;
  const found = [...text.matchAll(pattern)].map((m) => ({ specifier: m[2], typeOnly: m[1] !== undefined }));
  const bare = [...text.matchAll(/^\s*import\s+["']([^"']+)["']/gm)];
  const dynamic = [...text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g)];
  return [...found, ...[...bare, ...dynamic].map((m) => ({ specifier: m[1], typeOnly: false }))];
}

function packageOf(specifier) {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
}

function cycles(graph) {
  const found = [];
  const state = new Map();
  const visit = (file, path) => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      found.push([...path.slice(path.indexOf(file)), file]);
      return;
    }
    state.set(file, "open");
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, "done");
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}
