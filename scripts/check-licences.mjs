// Every installed dependency must carry a licence from the list below. Run after the install.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const store = resolve(dirname(fileURLToPath(import.meta.url)), "../node_modules/.pnpm");
const permitted = new Set([
  "MIT",
  "MIT-0",
  "ISC",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "Unlicense",
  "Python-2.0",
  "Apache-2.0 WITH LLVM-exception",
]);
// Weak copyleft is taken only for tools of development and for packages that are installed beside this one, unmodified and
// replaceable, each for a stated reason.
const exceptions = {
  lightningcss: "MPL-2.0, comes with vite under vitest; development only, not shipped",
  "@resvg/resvg-js": "MPL-2.0, draws SVG as PNG; an optional package of its own, not bundled",
  "codec-parser":
    "LGPL-3.0-or-later, finds the frames for the FLAC, Opus and Vorbis decoders; a package of its own, not bundled",
};

const seen = new Map();
for (const entry of readdirSync(store)) {
  const modules = join(store, entry, "node_modules");
  if (!existsSync(modules)) continue;
  for (const name of packageNames(modules)) {
    const file = join(modules, name, "package.json");
    if (!existsSync(file)) continue;
    const manifest = JSON.parse(readFileSync(file, "utf8"));
    seen.set(`${manifest.name}@${manifest.version}`, licenceOf(manifest));
  }
}

const problems = [...seen].filter(([id, licence]) => !isPermitted(licence) && !isException(id));
for (const [id, licence] of problems)
  console.error(`${id}: licence ${licence || "not stated"} is not on the list in scripts/check-licences.mjs`);
if (seen.size === 0) console.error("no installed packages found: run `make setup` first");
console.log(`licences: ${seen.size} packages, ${problems.length} problems`);
process.exitCode = problems.length === 0 && seen.size > 0 ? 0 : 1;

function packageNames(modules) {
  return readdirSync(modules).flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
  );
}

function licenceOf(manifest) {
  if (typeof manifest.license === "string") return manifest.license;
  if (manifest.license?.type) return manifest.license.type;
  return (manifest.licenses ?? []).map((l) => l.type ?? l).join(" OR ");
}

function isPermitted(licence) {
  const text = licence.replace(/^\((.*)\)$/, "$1");
  if (permitted.has(text)) return true;
  if (text.includes(" OR ")) return text.split(" OR ").some((part) => isPermitted(part));
  return text.includes(" AND ") && text.split(" AND ").every((part) => isPermitted(part));
}

function isException(id) {
  return Object.keys(exceptions).some((name) => id.startsWith(`${name}@`) || id.startsWith(`${name}-`));
}
