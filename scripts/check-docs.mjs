// Relative links and anchors of every Markdown file must lead somewhere, and files named in backticks with a path must exist.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const skipped = new Set(["node_modules", "dist", ".git", "coverage", ".cache", "fixtures"]);
const problems = [];
let links = 0;
const pages = markdown(root);
for (const page of pages) {
  const text = readFileSync(page, "utf8").replace(/```[\s\S]*?```/g, "");
  for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    links++;
    const [path, anchor] = target.split("#");
    const file = path === "" ? page : resolve(dirname(page), path);
    if (!existsSync(file)) problems.push(`${relative(root, page)}: ${target} does not exist`);
    else if (anchor && file.endsWith(".md") && !anchors(file).has(anchor))
      problems.push(`${relative(root, page)}: no heading #${anchor} in ${path || "this page"}`);
  }
}
for (const problem of problems) console.error(problem);
console.log(`docs: ${pages.length} pages, ${links} links, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function markdown(dir) {
  return readdirSync(dir).flatMap((entry) => {
    const path = join(dir, entry);
    if (skipped.has(entry)) return [];
    if (statSync(path).isDirectory()) return markdown(path);
    return entry.endsWith(".md") ? [path] : [];
  });
}

function anchors(file) {
  const headings = readFileSync(file, "utf8").match(/^#+ .*$/gm) ?? [];
  return new Set(
    headings.map((h) =>
      h
        .replace(/^#+ /, "")
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .trim()
        .replace(/ /g, "-"),
    ),
  );
}
