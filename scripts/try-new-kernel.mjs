#!/usr/bin/env node
// Makes a kernel's skeleton in a copy of the project and holds it to what its command promises: it passes the checks, builds,
// and validates, as it is. Part of `make test-slow`.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const copy = mkdtempSync(join(tmpdir(), "aiekit-new-kernel-"));
const name = "relu";

const steps = [
  ["make the skeleton", ["packages/cli/bin/aiekit.js", "new", "kernel", name]],
  ["format and lint", ["node_modules/@biomejs/biome/bin/biome", "check", "."]],
  ["direction of imports", ["scripts/check-imports.mjs"]],
  ["types", ["node_modules/typescript/bin/tsc", "-b", "packages/cli"]],
  ["types of tests", ["node_modules/typescript/bin/tsc", "-p", "."]],
  ["its tests", ["node_modules/vitest/vitest.mjs", "run", name]],
  ["its suite", ["packages/cli/bin/aiekit.js", "validate", name]],
];

let failed = 0;
try {
  copyProject();
  for (const [what, args] of steps) {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: "utf8" });
    console.log(`${status === 0 ? "ok    " : "FAILED"} ${what}`);
    if (status === 0) continue;
    failed++;
    console.log(`${stdout}${stderr}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${steps.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** Without git's folder, products and caches. Links between packages are relative, so they lead into the copy. */
function copyProject() {
  const left = new Set([".git", ".cache", "build", "xclbin", "node_modules/.pnpm"]);
  const filter = (path) => !left.has(relative(root, path));
  cpSync(root, copy, { recursive: true, verbatimSymlinks: true, filter });
  symlinkSync(join(root, "node_modules", ".pnpm"), join(copy, "node_modules", ".pnpm"));
}
