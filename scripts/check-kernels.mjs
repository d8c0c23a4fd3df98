// Holds the kernels, the skeleton of a new one and the simulator's headers against the published aie_api and against what
// Peano's compiler and the simulator's share: node scripts/check-kernels.mjs [--kernels FOLDER]
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  apiNames,
  checkHeaders,
  checkKernelHeaders,
  checkKernels,
  formatFinding,
} from "../packages/aie-api/dist/index.js";
import { parseArgs } from "./script-arguments.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({ options: { kernels: { type: "string" } } });
const folder = resolve(values.kernels ?? join(root, "kernels"));

const texts = new Map();
for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
  if (/\.(h|hpp|cc|cpp)$/.test(entry))
    texts.set(`kernels/${entry.replaceAll("\\", "/")}`, readFileSync(join(folder, entry), "utf8"));
}
// The skeleton is one kernel more, under the name that stands for its name.
const templates = "tools/templates/kernel";
const shownPaths = new Map();
for (const name of existsSync(join(root, templates)) ? readdirSync(join(root, templates)) : []) {
  const match = /^NAME(.*\.(?:cc|h))\.template$/.exec(name);
  if (match === null) continue;
  const path = `kernels/__NAME__/__NAME__${match[1]}`;
  texts.set(path, readFileSync(join(root, templates, name), "utf8"));
  shownPaths.set(path, `${templates}/${name}`);
}

const api = apiNames();
const shown = ({ path, ...rest }) => {
  const below = relative(process.cwd(), join(folder, path.slice("kernels/".length)));
  return formatFinding({ ...rest, path: shownPaths.get(path) ?? below });
};
const headerProblems = checkHeaders(api).map(formatFinding);
const kernelProblems = [...checkKernels(texts, "kernels", api), ...checkKernelHeaders(texts)].map(shown);
for (const problem of [...headerProblems, ...kernelProblems]) console.error(problem);
const problems = headerProblems.length + kernelProblems.length;
console.log(
  `kernels: ${texts.size} files, ${api.simulator.size} names of the simulator's headers, ${problems} problems`,
);
process.exitCode = problems === 0 && texts.size > shownPaths.size ? 0 : 1;
