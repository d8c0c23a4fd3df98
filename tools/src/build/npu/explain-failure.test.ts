import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ToolError } from "@aiekit/core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { runTool } from "../../drivers/run-tool.ts";
import type { OutputRef } from "../../plan/step.ts";
import type { FakeTools } from "./fake-tools.test-support.ts";
import { builtMelSteps, type MelSteps } from "./mel-steps.test-support.ts";

let mel: MelSteps;
let tools: FakeTools;

beforeAll(async () => {
  mel = await builtMelSteps();
  tools = mel.tools;
});
afterAll(() => mel.remove());
beforeEach(() => mel.mendTools());

/** Line, from 1, of the first line that holds `text` in what a step made. */
function lineOf(text: string, made: OutputRef): number {
  return (
    mel
      .text(made)
      .split("\n")
      .findIndex((line) => line.includes(text)) + 1
  );
}

test("a tool that dies of a signal is reported by it, without its stack dump, with its command still to be run", async () => {
  const dump =
    "PLEASE submit a bug report to https://example.org and include the crash backtrace.\nStack dump:\n0.\tProgram arguments: llc\n #0 0x0000556 llvm::sys::PrintStackTrace\n #1 0x0000557 main\n";
  await tools.fail("llc", { prints: `llc: error: assertion failed: isLegal()\n${dump}`, signal: "ABRT" });

  const error = await mel.failureOf("compile core (0,2)");

  expect(error.failure).toMatchObject({
    signal: "SIGABRT",
    stderr: "llc: error: assertion failed: isLegal()",
    about: "core (0,2)",
  });
  expect(await readFile(error.failure.logPath ?? "", "utf8")).toContain("#1 0x0000557 main");
});

test("the command of a failure can be run as it stands, and fails in the same way", async () => {
  await tools.fail("llc", { prints: "LLVM ERROR: unable to legalize instruction: G_FADD\n", exitCode: 134 });
  const { failure } = await mel.failureOf("compile core (0,2)");

  const again = await runTool({
    program: "/bin/sh",
    args: ["-c", failure.command],
    stage: "again",
    timeoutMs: 10_000,
  }).catch((error: ToolError) => error);

  expect((again as ToolError).failure).toMatchObject({ exitCode: 134, stderr: failure.stderr });
});

test("a tool that returns 0 without its file has failed", async () => {
  await rm(join(tools.root, "answers/main_core_0_2.o"));
  try {
    const error = await mel.failureOf("compile core (0,2)");

    expect(error.message).toContain("llc: error: exit code 0, and no main_core_0_2.o was written");
  } finally {
    await tools.answer("main_core_0_2.o", "object of main_core_0_2");
  }
});

test("a place in a lowered module is told by what it was in the design: a buffer, a transfer, a flow, a DMA program", async () => {
  const at = async (text: string, file: OutputRef): Promise<string | undefined> => {
    const line = lineOf(text, file);
    expect(line, text).toBeGreaterThan(0);
    await tools.fail("aie-opt", { prints: `${file.output}:${line}:5: error: something\n` });
    return (await mel.failureOf(file.step === "addresses" ? "route" : "lower sequences")).failure.about;
  };
  const addresses = { step: "addresses", output: "input_with_addresses.mlir" };
  const withElfs = { step: "elf names", output: "input_physical_with_elfs.mlir" };

  expect(await at("aie.buffer(%tile_0_2)", addresses)).toMatch(
    /^mel_buff_0, made for objectFifo mel \(\.cache\/designs\/npu1\/mel\/design\.mlir:\d+\)$/,
  );
  expect(await at("aie.tile(0, 2)", addresses)).toMatch(
    /^tile \(0,2\) \(.*design\.mlir:\d+\), which holds objectFifo pcm 2 x 800 B, objectFifo mel 2 x 160 B, stack 8192 B$/,
  );
  expect(await at("aie.flow(%shim", addresses)).toBe("the flow from tile (0,0) DMA 0 to tile (0,2) DMA 0");
  expect(await at("aie.dma_bd(%pcm_cons_buff_1", addresses)).toMatch(
    /^pcm_cons_buff_1, made for objectFifo pcm \(.*\), in the DMA program of tile \(0,2\)$/,
  );
  expect(await at("func.call @mel_frame_i16(%pcm_cons_buff_0", addresses)).toMatch(
    /^core \(0,2\) \(.*design\.mlir:\d+\)$/,
  );
  expect(await at("[1, 1, 128, 400]", withElfs)).toMatch(
    /^pcm_shim_alloc, made for objectFifo pcm \(.*\), in sequence frames_128 \(.*design\.mlir:\d+\)$/,
  );
});
