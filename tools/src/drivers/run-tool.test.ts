import { AbortedError, ToolError, ToolMissingError } from "@aiekit/core";
import { expect, test } from "vitest";
import { runTool, type ToolCall } from "./run-tool.ts";

const node = (script: string, changes: Partial<ToolCall> = {}): ToolCall => ({
  program: process.execPath,
  args: ["-e", script],
  stage: "pack design",
  timeoutMs: 10_000,
  ...changes,
});
const failure = (call: ToolCall): Promise<unknown> => runTool(call).catch((error: unknown) => error);

test("stdout and stderr come back together", async () => {
  const output = await runTool(node('console.log("packed"); console.error("with a warning")'));

  expect(output.split("\n").sort()).toEqual(["packed", "with a warning"]);
});

test("a failing tool is reported with stage, command, exit code and what it printed", async () => {
  const error = await failure(node('console.error("cannot open a.bif"); process.exitCode = 3'));

  expect(error).toBeInstanceOf(ToolError);
  expect((error as ToolError).failure).toMatchObject({
    stage: "pack design",
    exitCode: 3,
    stderr: "cannot open a.bif",
  });
  expect((error as ToolError).message).toContain(process.execPath);
});

test("the command of a tool that ran in a folder goes there first", async () => {
  const error = await failure(node("process.exitCode = 3", { cwd: "/" }));

  expect((error as ToolError).failure.command).toMatch(/^cd \/ && /);
});

test("a tool that is killed is reported by its signal", async () => {
  const error = await failure(node('process.kill(process.pid, "SIGKILL")'));

  expect((error as ToolError).failure.signal).toBe("SIGKILL");
});

test("a tool that is not there is missing, not failed", async () => {
  expect(await failure(node("", { program: "/nowhere/aie-opt" }))).toBeInstanceOf(ToolMissingError);
});

test("a tool that takes longer than its time is stopped and says so", async () => {
  const error = await failure(node("setInterval(() => {}, 1000)", { timeoutMs: 200 }));

  expect((error as ToolError).failure.stderr).toContain("no answer within 0.2 s");
});

test("an abort stops the tool", async () => {
  const controller = new AbortController();
  const running = failure(node("setInterval(() => {}, 1000)", { signal: controller.signal }));
  controller.abort();

  expect(await running).toBeInstanceOf(AbortedError);
});
