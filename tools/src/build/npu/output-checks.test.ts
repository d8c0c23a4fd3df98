import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BudgetError, DesignError, FormatError } from "@aiekit/core";
import { encodeTxn } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { coreElfBytes } from "./core-elf.test-support.ts";
import { checkCoreList, checkProgram, checkRouted, checkStream, checkTargetArch } from "./output-checks.ts";

const core = { col: 0, row: 2 };
const other = { col: 1, row: 3 };

test("the target's name is taken in either spelling, and another generation is refused", () => {
  checkTargetArch("AIE2\n", "aie2");
  checkTargetArch("AIE2P\n", "aie2p");
  checkTargetArch("AIE2p\n", "aie2p");

  expect(() => checkTargetArch("AIE2\n", "aie2p")).toThrow(
    'expected aie2p for this device, got "AIE2" from aie-translate',
  );
});

// What the real aie-opt made of designs; where they come from: mlir/fixtures/conformance/README.md.
const fixtures = join(import.meta.dirname, "../../../../mlir/fixtures/conformance");

test("what the real aie-opt has routed passes, and the same designs before routing do not", async () => {
  const names = (await readdir(fixtures)).flatMap((name) => /^(.*)\.physical\.mlir$/.exec(name)?.[1] ?? []);
  const read = (name: string, stage: string): Promise<string> =>
    readFile(join(fixtures, `${name}.${stage}.mlir`), "utf8");
  let withFlows = 0;
  for (const name of names) {
    const [addresses, physical] = await Promise.all([read(name, "addresses"), read(name, "physical")]);
    expect(() => checkRouted(physical, addresses), name).not.toThrow();
    if (!/^\s*aie\.flow\(/m.test(addresses) || /aie\.connect</.test(addresses)) continue;
    withFlows++;
    expect(() => checkRouted(addresses, addresses), name).toThrow(
      /flows are not routed, the first from tile \(\d,\d\)/,
    );
  }
  expect(names.length).toBeGreaterThan(50);
  expect(withFlows).toBeGreaterThan(40);
});

test("a single connection that is missing is named by its flow", async () => {
  const read = (stage: string): Promise<string> =>
    readFile(join(fixtures, `link-with-on-core-deprecated.${stage}.mlir`), "utf8");
  const [addresses, physical] = await Promise.all([read("addresses"), read("physical")]);

  const damaged = physical.replace("aie.connect<South : 1, DMA : 0>", "");

  expect(() => checkRouted(damaged, addresses)).toThrow(
    "1 of 2 flows are not routed, the first from tile (0,0) DMA 0 to tile (0,2) DMA 0",
  );
});

test("a list of cores is taken with an ELF for each, and refused with None for one", () => {
  checkCoreList('[(0,2,"main_core_0_2.elf"),(1,3,"main_core_1_3.elf"),]\n', [core, other]);
  checkCoreList("[]", []);

  expect(() => checkCoreList('[(0,2,None),(1,3,"a.elf"),]', [core, other])).toThrow(
    new DesignError("no ELF for core (0,2)", { hint: "the enable CDO would start them with no program" }),
  );
});

test("a list that lacks a core, and a text that is no list, are refused", () => {
  expect(() => checkCoreList('[(0,2,"a.elf"),]', [core, other])).toThrow("expected cores (0,2) (1,3), got (0,2)");
  expect(() => checkCoreList("AIE2", [core])).toThrow(FormatError);
});

test("a program of 16384 bytes fits, and one of 16385 does not, with its largest functions in the message", () => {
  checkProgram(coreElfBytes({ programBytes: 16384 }), "a.elf", core);

  const tooLarge = coreElfBytes({ programBytes: 16385, functions: { mel_frame_i16: 9000, main: 7000 } });
  expect(() => checkProgram(tooLarge, "a.elf", core)).toThrow(BudgetError);
  expect(() => checkProgram(tooLarge, "a.elf", core)).toThrow(
    "core (0,2): program takes 16385 B, program memory has 16384 B; largest: mel_frame_i16 9000 B, main 7000 B",
  );
});

test("a program that begins late counts to its end, and an ELF without a program is refused", () => {
  expect(() => checkProgram(coreElfBytes({ programBytes: 16, programAddress: 16384 }), "a.elf", core)).toThrow(
    "program takes 16400 B",
  );
  expect(() => checkProgram(coreElfBytes({ programBytes: 0 }), "a.elf", core)).toThrow("core (0,2) has no program");
});

test("a stream of 16 bytes, which is a header and no operation, is refused", () => {
  const header = { major: 0, minor: 1, deviceGeneration: 3, rows: 6, cols: 1, memtileRows: 1 };
  const empty = encodeTxn({ ...header, ops: [] });
  expect(empty.length).toBe(16);

  expect(() => checkStream(empty, "frames_16")).toThrow("sequence frames_16: the stream has 16 bytes and no operation");
  checkStream(encodeTxn({ ...header, ops: [{ op: "write32", address: 0x1d204, value: 1 }] }), "frames_16");
});
