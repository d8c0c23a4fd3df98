import { existsSync } from "node:fs";
import { encodeTxn } from "@aiekit/xclbin";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cdoBytes, coreCdoFiles } from "./cdo.test-support.ts";
import { coreElfBytes } from "./core-elf.test-support.ts";
import { builtMelSteps, type MelSteps } from "./mel-steps.test-support.ts";
import { addressesRef, comparisonRef } from "./outputs.ts";

// Each of these is a tool that returns 0 and has made something that does not work.

let mel: MelSteps;
beforeAll(async () => {
  mel = await builtMelSteps();
});
afterAll(() => mel.remove());

const core = { col: 0, row: 2 };

async function refusalOf(step: string, answers: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  for (const [file, content] of Object.entries(answers)) await mel.tools.answer(file, content);
  const error = await mel.run(step).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  expect(error, step).toBeDefined();
  const folder = /\nfiles of the step: (.*)$/.exec(error?.message ?? "")?.[1];
  expect(existsSync(folder ?? ""), "the step's files are kept").toBe(true);
  return error?.message ?? "";
}

test("target: aie-translate takes the module for another generation", async () => {
  expect(await refusalOf("target", { "target.txt": "AIE2P\n" })).toMatch(/^expected aie2 for this device, got "AIE2P"/);
});

test("route: the module comes out as it went in", async () => {
  expect(await refusalOf("route", { "input_physical.mlir": mel.text(addressesRef) })).toMatch(
    /^2 of 2 flows are not routed/,
  );
});

test("list cores: a core has no ELF", async () => {
  expect(await refusalOf("list cores", { "cores.txt": "[(0,2,None),]" })).toMatch(/^no ELF for core \(0,2\)/);
});

test("link: the program is larger than the core's 16 KiB, which the linker script allows", async () => {
  const elf = coreElfBytes({ programBytes: 20_000, functions: { mel_frame_i16: 19_000 } });

  expect(await refusalOf("link core (0,2)", { "main_core_0_2.elf": elf })).toMatch(
    /^core \(0,2\): program takes 20000 B, program memory has 16384 B; largest: mel_frame_i16 19000 B/,
  );
});

test("translate insts: the stream is a header of 16 bytes", async () => {
  const header = { major: 0, minor: 1, deviceGeneration: 3, rows: 6, cols: 1, memtileRows: 1 };

  expect(
    await refusalOf("translate insts frames_16", { "insts_frames_16.bin": encodeTxn({ ...header, ops: [] }) }),
  ).toMatch(/^sequence frames_16: the stream has 16 bytes and no operation/);
});

test("cdo: a core is enabled and its program was left out; the CDO of a core that is never enabled", async () => {
  const good = coreCdoFiles([core]);

  expect(await refusalOf("cdo", { "main_aie_cdo_elfs.bin": cdoBytes([]) })).toMatch(
    /^main_aie_cdo_enable\.bin: enables cores without a program: \(0,2\)/,
  );
  expect(
    await refusalOf("cdo", { "main_aie_cdo_elfs.bin": cdoBytes(good.elfs), "main_aie_cdo_enable.bin": cdoBytes([]) }),
  ).toMatch(/^main_aie_cdo_enable\.bin: does not enable cores that have a program: \(0,2\)/);
  await mel.tools.answer("main_aie_cdo_elfs.bin", cdoBytes([]));
  expect(await refusalOf("cdo", {})).toMatch(
    /^main_aie_cdo_elfs\.bin: no program and no start of cores of the design: \(0,2\)/,
  );
  await mel.tools.answer("main_aie_cdo_elfs.bin", cdoBytes(good.elfs));
  await mel.tools.answer("main_aie_cdo_enable.bin", cdoBytes(good.enable));
});

test("cdo: no switchbox is written although the module has routes", async () => {
  const { init } = coreCdoFiles([core]);

  expect(await refusalOf("cdo", { "main_aie_cdo_init.bin": cdoBytes([]) })).toMatch(
    /^main_aie_cdo_init\.bin: sets no stream switch/,
  );

  await mel.tools.answer("main_aie_cdo_init.bin", cdoBytes(init));
  await mel.run("cdo");
});

test("compare insts: equal streams leave nothing to say", () => {
  expect(mel.text(comparisonRef("frames_16"))).toBe("");
});
