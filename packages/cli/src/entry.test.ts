import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

// The entry, bin/aiekit.js, in a checkout of one package whose command line prints a word and exits with 7.
let checkout: string;
let source: string;

const notice = "aiekit: compiling changed TypeScript sources (tsc -b packages/cli)\n";
const program = (word: string) =>
  `export const readEnvironment = () => ({});
export async function runCli(cli) {
  cli.stdout.write("${word}");
  return 7;
}
`;

// What tsc -b does to files: it writes its output and its record also when it found errors, and leaves the record alone
// when the content is what it was.
const compiler = `
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
const cli = process.argv[3];
const text = readFileSync(join(cli, "src", "index.ts"), "utf8");
const output = join(cli, "dist", "index.js");
const broken = text.includes("broken");
mkdirSync(join(cli, "dist"), { recursive: true });
if (broken || !existsSync(output) || readFileSync(output, "utf8") !== text) {
  writeFileSync(output, text);
  writeFileSync(join(cli, "dist", ".tsbuildinfo"), "{}");
}
if (broken) console.log("src/index.ts(6,14): error TS2322");
process.exitCode = broken ? 1 : 0;
`;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), "aiekit-entry-"));
  const write = (path: string, text: string) => {
    mkdirSync(join(checkout, path, ".."), { recursive: true });
    writeFileSync(join(checkout, path), text);
  };
  write("tsconfig.json", '{ "files": [], "references": [{ "path": "packages/cli" }] }');
  write("node_modules/typescript/package.json", '{ "type": "module" }');
  write("node_modules/typescript/bin/tsc", compiler);
  write("packages/cli/package.json", '{ "type": "module" }');
  write("packages/cli/src/index.ts", program("one"));
  write("packages/cli/bin/aiekit.js", "");
  for (const name of ["aiekit.js", "watch-checkout.js"]) {
    copyFileSync(join(import.meta.dirname, "..", "bin", name), join(checkout, "packages/cli/bin", name));
  }
  source = join(checkout, "packages/cli/src/index.ts");
});

afterEach(() => rmSync(checkout, { recursive: true }));

function start() {
  const entry = join(checkout, "packages", "cli", "bin", "aiekit.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("a checkout is compiled at the first start and after an edit, with one line on stderr, and not in between", () => {
  expect(start()).toEqual({ status: 7, stdout: "one", stderr: notice });
  expect(start()).toEqual({ status: 7, stdout: "one", stderr: "" });

  writeFileSync(source, program("two"));

  expect(start()).toEqual({ status: 7, stdout: "two", stderr: notice });
});

test("a source that does not compile is exit code 4 at every start: what the compiler left behind is never run", () => {
  start();
  writeFileSync(source, `${program("two")}export const broken = 1;\n`);

  for (const outcome of [start(), start()]) {
    expect(outcome).toEqual({
      status: 4,
      stdout: "",
      stderr: `${notice}src/index.ts(6,14): error TS2322\nerror: tsc -b packages/cli failed\nhint: npm run build\n`,
    });
  }
});

test("a source that was touched without a change is compiled once, not at every start", () => {
  start();
  utimesSync(source, new Date(), new Date());

  expect([start().stderr, start().stderr]).toEqual([notice, ""]);
});

test("changed tests and what supports them are no reason to compile", () => {
  start();
  for (const name of ["index.test.ts", "index.test-support.ts"]) writeFileSync(source.replace("index.ts", name), "");

  expect(start().stderr).toBe("");
});

test("the published package, which has no sources, runs what it has and compiles nothing", () => {
  start();
  rmSync(join(checkout, "packages/cli/src"), { recursive: true });
  rmSync(join(checkout, "node_modules"), { recursive: true });

  expect(start()).toEqual({ status: 7, stdout: "one", stderr: "" });
});

// Like `program`, but it goes on until it is stopped.
const watching = (word: string) =>
  program(word).replace(
    "return 7;",
    `const alive = setInterval(() => {}, 1000);
  await new Promise((resolve) => cli.signal.addEventListener("abort", resolve));
  clearInterval(alive);
  return 130;`,
  );

test("build --watch begins anew with a saved source, goes on with the old one while it does not compile, ends by Ctrl-C", async () => {
  mkdirSync(join(checkout, "node_modules/@aiekit"));
  symlinkSync(join(import.meta.dirname, "../../../tools"), join(checkout, "node_modules/@aiekit/tools"));
  writeFileSync(source, watching("first"));
  const entry = join(checkout, "packages", "cli", "bin", "aiekit.js");
  const child = spawn(process.execPath, [entry, "build", "mel", "--watch"]);
  const ended = new Promise((resolve) => child.on("close", resolve));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const shows = (text: string) => expect.poll(() => output, { timeout: 20_000 }).toContain(text);

  await shows("first");
  writeFileSync(source, `${watching("bad")}export const broken = 1;\n`);
  await shows("error: tsc -b packages/cli failed");
  writeFileSync(source, watching("second"));
  await shows("second");
  child.kill("SIGINT");

  expect(await ended).toBe(130);
  expect(output).not.toContain("bad");
}, 60_000);

test("build --watch that refuses its command line ends with that exit code", () => {
  mkdirSync(join(checkout, "node_modules/@aiekit"));
  symlinkSync(join(import.meta.dirname, "../../../tools"), join(checkout, "node_modules/@aiekit/tools"));
  const entry = join(checkout, "packages", "cli", "bin", "aiekit.js");

  const { status, stdout } = spawnSync(process.execPath, [entry, "build", "nope", "--watch"], { encoding: "utf8" });

  expect({ status, stdout }).toEqual({ status: 7, stdout: "one" });
}, 60_000);
