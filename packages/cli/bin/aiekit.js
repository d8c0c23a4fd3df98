#!/usr/bin/env node
// Entry of the command line. In a checkout it first sees to it that the compiled code is not older than its sources.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packageFolder = join(dirname(fileURLToPath(import.meta.url)), "..");
const toolFailed = 4;
const interrupted = 130;

const argv = process.argv.slice(2);
// The published package has no sources.
const packages = existsSync(join(packageFolder, "src")) ? packagesOf(join(packageFolder, "..", "..")) : [];
if (compileWhenStale() === "failed") process.exit(toolFailed);

const isWatch = argv[0] === "build" && argv.includes("--watch");
if (isWatch && packages.length > 0 && process.send === undefined) {
  const { watchCheckout } = await import("./watch-checkout.js");
  const sourceFolders = packages.map((folder) => join(folder, "src"));
  const entry = fileURLToPath(import.meta.url);
  process.exit(await watchCheckout({ entry, argv, sourceFolders, compile: compileWhenStale }));
}

const { readEnvironment, runCli } = await import("../dist/index.js");

const stop = new AbortController();
process.on("SIGINT", () => {
  // The first Ctrl-C lets the command clean up; the second does not wait.
  if (stop.signal.aborted) process.exit(interrupted);
  stop.abort();
});
// The other end of the channel is watch-checkout.js; it must not keep this process alive.
process.on("disconnect", () => stop.abort());
process.channel?.unref();
// A reader that has seen enough (`aiekit kernels | head -1`) is no error.
process.stdout.on("error", (error) => process.exit(error.code === "EPIPE" ? 0 : 1));

process.exitCode = await runCli({
  argv,
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  environment: readEnvironment(),
  cwd: process.cwd(),
  signal: stop.signal,
});

function packagesOf(root) {
  const solution = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
  return solution.references.map(({ path }) => join(root, path));
}

/**
 * Runs `tsc -b packages/cli`, which stands on every package, when a source is newer than what was compiled from it.
 * Gives "fresh", "compiled" or "failed", after printing what the compiler said.
 */
function compileWhenStale() {
  const stale = packages.filter(isStale);
  if (stale.length === 0) return "fresh";
  const root = join(packageFolder, "..", "..");
  process.stderr.write("aiekit: compiling changed TypeScript sources (tsc -b packages/cli)\n");
  const startMs = Date.now();
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const result = spawnSync(process.execPath, [tsc, "-b", packageFolder], { encoding: "utf8" });
  if (result.status !== 0) {
    // The compiler writes its record even then; without this the next start would run what it left behind.
    for (const folder of stale.filter((path) => existsSync(record(path)))) utimesSync(record(folder), 0, 0);
    const lines = `${result.stdout}${result.stderr}`.trimEnd().split("\n");
    const more = lines.length > 20 ? `... and ${lines.length - 20} more lines\n` : "";
    process.stderr.write(
      `${lines.slice(0, 20).join("\n")}\n${more}error: tsc -b packages/cli failed\nhint: npm run build\n`,
    );
    return "failed";
  }
  // A source that was touched without a change leaves the record old; it is up to date as of the start of the compiler.
  for (const folder of stale) utimesSync(record(folder), new Date(), new Date(startMs));
  return "compiled";
}

function isStale(folder) {
  const compiledMs = statSync(record(folder), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(join(folder, "src"), { recursive: true });
  return sources.some(
    (name) => /(?<!\.test|\.test-support)\.ts$/.test(name) && statSync(join(folder, "src", name)).mtimeMs > compiledMs,
  );
}

function record(folder) {
  return join(folder, "dist", ".tsbuildinfo");
}
