import { DesignError, FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { checkConfiguration } from "./check-configuration.ts";
import type { CdoFiles } from "./packager.ts";
import { block, cdoFile, oneCore, sampleCdo, write } from "./sample-cdo.test-support.ts";

const whole = sampleCdo(oneCore);

test("files of a whole design pass, also those of a design without cores", () => {
  checkConfiguration("main", whole);
  const dmaOnly = { ...whole, elfs: cdoFile([0x111]), enable: cdoFile([0x111]) };
  checkConfiguration("main", dmaOnly);
});

test.each<[string, CdoFiles, string]>([
  [
    "a core that is enabled without a program",
    sampleCdo([...oneCore, { col: 1, row: 3, programWords: 0 }]),
    "main_aie_cdo_enable.bin: enables cores without a program: (1,3)",
  ],
  [
    "a program over 16 KiB",
    sampleCdo([{ col: 0, row: 2, programWords: 4097 }]),
    "main_aie_cdo_elfs.bin: program of core (0,2): expected at most 16384 bytes, got 16388",
  ],
  [
    "a program that nothing starts",
    sampleCdo([{ col: 0, row: 2, programWords: 4, enabled: false }]),
    "main_aie_cdo_enable.bin: does not enable cores that have a program: (0,2)",
  ],
  [
    "an array without routes",
    sampleCdo(oneCore, { routed: false }),
    "main_aie_cdo_init.bin: sets no stream switch, so nothing reaches the cores",
  ],
])("%s is refused by file and tile", (_, files, message) => {
  expect(() => checkConfiguration("main", files)).toThrow(message);
  expect(() => checkConfiguration("main", files)).toThrow(DesignError);
});

test("cores of the design that have neither program nor start are named", () => {
  const other = { col: 1, row: 3 };
  checkConfiguration("main", sampleCdo([...oneCore, { ...other, programWords: 4 }]), [...oneCore, other]);

  expect(() => checkConfiguration("main", whole, [...oneCore, other])).toThrow(
    "main_aie_cdo_elfs.bin: no program and no start of cores of the design: (1,3)",
  );
});

test("every core that is enabled without a program is named, and a lock is no route", () => {
  const two = sampleCdo([...oneCore, { col: 1, row: 3, programWords: 4 }]);

  expect(() => checkConfiguration("main", { ...two, elfs: cdoFile([0x111]) })).toThrow(
    "enables cores without a program: (0,2) (1,3)",
  );
  const lockOnly = { ...two, init: cdoFile([0x111, ...write(0x0021f000, 1)]) };
  expect(() => checkConfiguration("main", lockOnly)).toThrow("main_aie_cdo_init.bin: sets no stream switch");
  const routed = { ...two, init: cdoFile([0x111, ...write(0x0021f000, 1), ...write(0x0023f004, 0x80000001)]) };
  checkConfiguration("main", routed);
});

test("a program of 16 KiB exactly fits", () => {
  checkConfiguration("main", sampleCdo([{ col: 0, row: 2, programWords: 4096 }]));
});

test("a second segment behind 16 KiB is found by where it ends", () => {
  const elfs = cdoFile([...wordsOf(whole.elfs).slice(5), ...block(0x224000, [1, 2])]);

  expect(() => checkConfiguration("main", { ...whole, elfs })).toThrow("at most 16384 bytes, got 16392");
});

test.each<[string, Uint8Array, string, number]>([
  ["an empty file", new Uint8Array(), "expected a CDO, got an empty file", 0],
  [
    "a file that goes on",
    Uint8Array.of(...whole.init, 0, 0, 0, 0),
    "expected the end of the file, got 4 more",
    whole.init.length,
  ],
  ["a file that is cut off", whole.init.subarray(0, 100), "", 20],
])("%s is refused by name and offset", (_, init, message, offset) => {
  try {
    checkConfiguration("main", { ...whole, init });
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).message).toContain(`main_aie_cdo_init.bin: ${message}`);
    expect((error as FormatError).offset).toBe(offset);
  }
});

function wordsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}
