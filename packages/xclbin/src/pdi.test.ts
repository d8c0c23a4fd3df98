import { readFileSync } from "node:fs";
import { AiekitError, FormatError } from "@aiekit/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readCdo } from "./cdo.ts";
import { summarizeConfiguration } from "./configuration-summary.ts";
import { describePdi } from "./describe-pdi.ts";
import { optionalData } from "./optional-data.test-support.ts";
import { readPdi } from "./pdi.ts";
import { buildPdi } from "./pdi-writer.ts";
import { readXclbin } from "./xclbin.ts";

const cdos = optionalData("cdo");
const xclbins = optionalData("xclbin");
const skipped = cdos.skipReason ?? xclbins.skipReason;

// Commands as aie-translate writes them: core control of (0,2), one long and one short block, a write, a NOP.
const control = 2 * 2 ** 20 + 0x32000;
const program = Array.from({ length: 300 }, (_, i) => i + 1);
const sample = cdoFile([
  ...[0x00040107, 0, control, 2, 2],
  ...[0x00ff0105, 302, 0, 2 * 2 ** 20 + 0x20000, ...program],
  ...[0x00050105, 0, 2 * 2 ** 20 + 0x404, 7, 8, 9],
  ...[0x00030108, 0, 2 * 2 ** 20 + 0x1f000, 1],
  ...[0x00010111, 0],
  ...[0x00040107, 0, control, 1, 1],
]);

test("commands of a CDO are read with addresses, masks and data", () => {
  const { commands, version } = readCdo(sample);

  expect(version).toBe(0x200);
  expect(commands.map(({ command }) => command)).toEqual([
    "maskWrite",
    "dmaWrite",
    "dmaWrite",
    "write",
    "nop",
    "maskWrite",
  ]);
  expect(commands[0]).toEqual({ command: "maskWrite", address: control, mask: 2, value: 2, wide: true });
  expect(commands[1]).toMatchObject({ address: 0x220000, data: wordBytes(program) });
  expect(commands[3]).toEqual({ command: "write", address: 0x21f000, value: 1, wide: true });
});

test("a PDI made of CDO files holds their commands in order, and its data lie congruent to their addresses", () => {
  const pdi = buildPdi([
    { name: "a", bytes: sample },
    { name: "b", bytes: sample },
  ]);

  const { cdo, imageName } = readPdi(pdi);

  const meaning = (list: typeof cdo.commands) =>
    list.filter(({ command }) => command !== "nop").map((command) => ({ ...command, wide: undefined }));
  const once = readCdo(sample).commands;
  expect(imageName).toBe("aie_image");
  expect(meaning(cdo.commands)).toEqual(meaning([...once, ...once]));
  const first = cdo.commands.find(({ command }) => command === "dmaWrite")!;
  // Word index in the CDO of the first file, whose header counts: 0x150 is where the CDO begins.
  const index = ((first as { data: Uint8Array }).data.byteOffset - 0x150) / 4;
  expect(index % 4).toBe((0x220000 / 4) % 4);
});

test("bootgen's PDIs of two other projects come out byte for byte", ({ skip }) => {
  skip(skipped !== undefined, skipped);
  const order: Record<string, readonly string[]> = {
    b: ["error_handling", "elfs", "init", "enable"],
    c: ["elfs", "init", "enable"],
  };
  for (const [letter, parts] of Object.entries(order)) {
    const files = parts.map((part) => {
      const path = cdos.files.find((file) => file.includes(`/${letter}_`) && file.endsWith(`_${part}.bin`))!;
      return { name: part, bytes: new Uint8Array(readFileSync(path)) };
    });
    const xclbin = new Uint8Array(readFileSync(xclbins.files.find((file) => file.includes(`/${letter}_`))!));
    const expected = readXclbin(xclbin).partition!.pdis[0]!.image;

    // The older bootgen leaves the word zero.
    const pdi = buildPdi(files, letter === "b" ? 0 : 0xffffffff);

    expect(Buffer.compare(pdi, expected), letter).toBe(0);
  }
});

// What bootgen 2022.2 printed for CDO files of these commands, run beside this writer: the real-tool checks run it again.
test.each([
  ["a block of one word as a write", [0x00030105, 0, 0x22040c, 7], [0x00020103, 0x22040c, 7]],
  ["an empty block as it is", [0x00020105, 0, 0x220400], [0x00020105, 0, 0x220400]],
  ["a block behind padding", [0x00040105, 0, 0x220408, 7, 8], [0x00010111, 0, 0x00040105, 0, 0x220408, 7, 8]],
  ["a long header of a short block", [0x00ff0105, 4, 0, 0x220400, 7, 8], [0x00040105, 0, 0x220400, 7, 8]],
  ["the words of a NOP", [0x00030111, 7, 8, 9], [0x00030111, 7, 8, 9]],
  ["an address above 4 GB", [0x00030108, 1, 0x1234, 5], [0x00030108, 1, 0x1234, 5]],
  ["a block of one word above 4 GB", [0x00030105, 1, 0x1234, 5], [0x00030108, 1, 0x1234, 5]],
  ["a 64-bit poll", [0x00050106, 0, 0x1234, 5, 6, 7], [0x00040101, 0x1234, 5, 6, 7]],
  ["a poll without flags", [0x00050101, 0x1234, 5, 6, 7, 0], [0x00040101, 0x1234, 5, 6, 7]],
  ["a poll with flags", [0x00050101, 0x1234, 5, 6, 7, 8], [0x00050101, 0x1234, 5, 6, 7, 8]],
  ["a marker", [0x00020119, 1, 0x41414141], [0x00020119, 1, 0x41414141]],
])("bootgen's form of %s", (_, commands, expected) => {
  const words = pdiWords(buildPdi([{ name: "a", bytes: cdoFile(commands) }]));

  // The CDO begins at word 0x54; its third word is the length without the five header words.
  expect(words.slice(0x59, 0x59 + words[0x57]!)).toEqual(expected);
});

test("every real PDI is read to its end, cores with programs and enabled", ({ skip }) => {
  skip(skipped !== undefined, skipped);
  for (const path of xclbins.files) {
    const { cdo } = readPdi(readXclbin(new Uint8Array(readFileSync(path))).partition!.pdis[0]!.image, path);

    const enabled = summarizeConfiguration(cdo).filter((tile) => tile.coreEnabled);
    expect(enabled.length, path).toBeGreaterThan(0);
    expect(
      enabled.every((tile) => tile.programBytes > 0 && tile.row >= 2),
      path,
    ).toBe(true);
    expect(
      cdo.commands.some(({ command }) => command === "other"),
      path,
    ).toBe(false);
  }
});

test("the summary tells programs, data, locks and enabled cores by tile", () => {
  const lines = describePdi(buildPdi([{ name: "a", bytes: sample }])).lines;

  expect(lines[1]).toBe("tile (0,2): program 1200 B, data 12 B, 1 lock writes, core enabled");
});

test("a core that is enabled without a program is pointed out", () => {
  const pdi = buildPdi([{ name: "a", bytes: cdoFile([0x00040107, 0, control, 1, 1]) }]);

  expect(describePdi(pdi).lines[1]).toBe("tile (0,2): core enabled WITHOUT A PROGRAM");
});

test.each([
  ["a changed table", 0x14, "image header table: expected checksum", 0x8c],
  ["a changed image header", 0x94, "image header: expected checksum", 0xcc],
  ["a changed partition header", 0xd4, "partition header: expected checksum", 0x14c],
  ["a changed CDO header", 0x15c, "CDO: header: expected checksum", 0x160],
])("%s is found by its checksum", (_, at, message, offset) => {
  const bytes = buildPdi([{ name: "a", bytes: sample }]);
  bytes[at]! ^= 1;

  const error = caught(() => readPdi(bytes, "x.pdi"));

  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).message).toContain(message);
  expect((error as FormatError).offset).toBe(offset);
});

test("a command that runs over the end is refused by index and offset", () => {
  const error = caught(() => readCdo(cdoFile([0x00000111, 0x00040107, 0, 1]), "a.cdo"));

  expect((error as FormatError).message).toContain("a.cdo: command 1 (code 0x107): 16 bytes declared, 8 left");
  expect((error as FormatError).offset).toBe(24);
});

test("damaged PDIs are described or refused with an AiekitError, never anything else", () => {
  const whole = buildPdi([{ name: "a", bytes: sample }]);
  fc.assert(
    fc.property(
      fc.nat(whole.length),
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 3 }),
      (length, flips) => {
        const damaged = whole.slice();
        for (const [at, value] of flips) damaged[at] = value;
        for (const read of [
          () => readPdi(damaged.subarray(0, length)),
          () => readCdo(damaged.subarray(0x150, length)),
        ]) {
          const error = caught(read);
          if (error !== undefined && !(error instanceof AiekitError)) throw error;
        }
        expect(describePdi(damaged).lines.length).toBeGreaterThan(0);
      },
    ),
    { seed: 6, numRuns: 500 },
  );
});

function pdiWords(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}

function cdoFile(commands: readonly number[]): Uint8Array {
  const head = [4, 0x004f4443, 0x200, commands.length];
  return wordBytes([...head, ~head.reduce((sum, word) => sum + word, 0) >>> 0, ...commands]);
}

function wordBytes(words: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(words.length * 4));
  words.forEach((word, i) => {
    view.setUint32(i * 4, word, true);
  });
  return new Uint8Array(view.buffer);
}

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
