import { existsSync } from "node:fs";
import { appendFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AbortedError, ToolMissingError } from "@aiekit/core";
import { expect, test } from "vitest";
import { builtMelForEachTest, failure } from "./built-mel.test-support.ts";

const mel = builtMelForEachTest();

test("without Peano everything is made that takes no compiler, the tools' streams among it", async () => {
  for (const tool of ["clang", "clang++", "opt", "llc"]) await mel.tools.removeTool(tool);
  await mel.edit();

  const error = await failure(mel.build());

  expect(error).toBeInstanceOf(ToolMissingError);
  expect(error.message).toMatch(/^build of mel for npu1 stops after \d+ of 29 steps, before\n/);
  expect(error.message).toContain("  compile mel.o: needs clang++: not found; looked in");
  expect(error.message).toContain("  optimize core (0,2): needs opt: not found; looked in");
  expect(error.message).toContain("behind them: compile core (0,2), link core (0,2), cdo and 3 more");
  expect((error as ToolMissingError).hint).toMatch(
    /^what this machine has: aiekit doctor --target npu1; .*\n {2}clang\+\+, opt, llc, clang: aiekit toolchain install llvm_aie;/,
  );
  const made = await mel.project.files("xclbin/npu1/mel.prj");
  expect(Object.keys(made)).toEqual(
    expect.arrayContaining([
      "insts_frames_16.bin",
      "input_physical_with_elfs.mlir",
      "main_core_0_2.ld.script",
      "main_core_0_2.peanohack.ll",
    ]),
  );
  expect(made["insts_frames_16.bin"]).toEqual(made["insts/frames_16.bin"]);
  expect(await mel.project.files("xclbin/npu1/mel")).toEqual(await mel.original.files("xclbin/npu1/mel"));
});

test("with Peano alone the kernels are compiled", async () => {
  await mel.tools.removeTool("aie-opt");
  await mel.tools.removeTool("aie-translate");
  await mel.edit();

  const error = await failure(mel.build());

  expect(error.message).toMatch(/addresses: needs aie-opt: not found; looked in .*mlir_aie\/bin/);
  expect(error.message).toContain("target: needs aie-translate");
  expect(await mel.project.files("xclbin/npu1/mel.prj")).toMatchObject({ "mel.o": Buffer.from("another object") });
});

test("the folder that a stopped build leaves goes when a build comes through", async () => {
  await mel.tools.removeTool("llc");
  await mel.edit();
  await failure(mel.build());
  expect(existsSync(mel.project.at("xclbin/npu1/mel.prj"))).toBe(true);

  await mel.tools.update("llc", "LLVM version 21.0.0\n  aie2 - AIE2");
  await mel.build();

  expect(await readdir(mel.project.at("xclbin/npu1"))).toEqual(["mel"]);
});

test("--keep leaves what a failed build made before it failed", async () => {
  await mel.tools.fail("clang", { prints: "ld.lld: error: undefined symbol: mel_frame_i16" });
  await mel.edit();

  await failure(mel.build({ keep: true }));

  const kept = Object.keys(await mel.project.files("xclbin/npu1/mel.prj"));
  expect(kept).toContain("main_core_0_2.o");
  expect(kept).not.toContain("main_core_0_2.elf");
});

test.each(["start", "done"] as const)(
  "a build stopped at the %s of a tool leaves no part of a new one and no scratch",
  async (kind) => {
    await appendFile(mel.project.at("kernels/mel/mel.cc"), "\n");
    const controller = new AbortController();

    const error = await failure(
      mel.build({
        signal: controller.signal,
        onEvent: (event) => {
          if (event.kind === kind && event.step === "compile mel.o") controller.abort();
        },
      }),
    );

    expect(error).toBeInstanceOf(AbortedError);
    expect(await mel.project.files("xclbin")).toEqual(await mel.original.files("xclbin"));
    expect(await readdir(mel.project.at(".cache/scratch")).catch(() => [])).toEqual([]);
  },
);

test("scratch folders of builds that were killed are removed by the next", async () => {
  const dead = mel.project.at(".cache/scratch/999999999-0/input.mlir");
  await mkdir(join(dead, ".."), { recursive: true });
  await writeFile(dead, "");
  await mel.edit();

  await mel.build();

  expect(await readdir(mel.project.at(".cache/scratch"))).toEqual([]);
});
