import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { runInProcess } from "./run-cli.test-support.ts";

const commands = [
  "build",
  "run",
  "sim",
  "calibrate",
  "draw",
  "trace",
  "validate",
  "rounding",
  "bench",
  "inspect",
  "pack",
  "lint",
  "models",
  "transcribe",
  "doctor",
  "toolchain",
  "devices",
  "evidence",
  "demo",
  "conformance",
  "kernels",
  "new",
  "quantise",
];

test("--help lists every command and every exit code, on stdout, with exit code 0", async () => {
  const { code, stdout, stderr } = await runInProcess(["--help"]);

  expect([code, stderr]).toEqual([0, ""]);
  for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
  for (const exitCode of Object.values(exitCodes)) expect(stdout).toMatch(new RegExp(`^  ${exitCode} +\\w`, "m"));
});

test.each(commands)("%s --help has examples that start with its own name, and --json", async (command) => {
  const { code, stdout } = await runInProcess([command, "--help"]);

  expect(code).toBe(0);
  const examples = stdout.slice(stdout.indexOf("Examples:")).split("\n").slice(1);
  expect(examples.length).toBeGreaterThan(1);
  for (const line of examples.filter((text) => text !== ""))
    expect(line).toMatch(new RegExp(`^  (export \\w+=\\$\\()?aiekit ${command}\\b`));
  expect(stdout).toContain("--json");
});

test("every example in the help is a command line that parses", async () => {
  const { parseCommandLine } = await import("./program.ts");
  const silent = { stdout: { write: () => {} }, stderr: { write: () => {} } };
  for (const command of commands) {
    const { stdout } = await runInProcess([command, "--help"]);
    for (const line of stdout.match(/^ {2}aiekit .*$/gm) ?? []) {
      const argv = line.trim().split(/\s+/).slice(1);
      expect(parseCommandLine(argv, silent)?.command).toBe(command);
    }
  }
});

test("no command prints the help on stderr with exit code 2; --version prints a version", async () => {
  const none = await runInProcess([]);

  expect(none).toMatchObject({ code: 2, stdout: "" });
  expect(none.stderr).toContain("Usage: aiekit");
  expect((await runInProcess(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("a script's --help is the comment that it begins with; an option that there is not ends it with one line", () => {
  const script = join(import.meta.dirname, "..", "..", "..", "scripts", "check-kernels.mjs");
  const [help, refused] = ["--help", "--nosuch"].map((option) =>
    spawnSync(process.execPath, [script, option], { encoding: "utf8" }),
  );

  expect(help).toMatchObject({ status: 0, stderr: "" });
  expect(help?.stdout).toMatch(/^Holds the kernels, .*\n.*node scripts\/check-kernels\.mjs \[--kernels FOLDER\]\n$/);
  expect(refused).toMatchObject({
    ...{ status: 2, stdout: "" },
    stderr: "error: Unknown option '--nosuch'\n(see node scripts/check-kernels.mjs --help)\n",
  });
});
