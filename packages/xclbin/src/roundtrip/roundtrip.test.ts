import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { writeAxlf } from "../axlf.ts";
import { buildXclbin } from "../build-xclbin.ts";
import { readCdo } from "../cdo.ts";
import { writeCoreElf } from "../core-elf-writer.ts";
import { describeXclbinText } from "../describe.ts";
import { npuKernelArgs } from "../kernel-args.ts";
import { legacyProlog } from "../legacy-stream.ts";
import { optionalData } from "../optional-data.test-support.ts";
import { buildPdi } from "../pdi-writer.ts";
import { encodeTxn } from "../txn.ts";
import { readXclbin, writeXclbin } from "../xclbin.ts";
import { roundtrip } from "./roundtrip.ts";

const cdoWords = [0x00000111, 0x00030108, 0, 0x21f000, 1, 0x00ff0105, 4, 0, 0x220000, 7, 8, 0x00010111, 0xabcd];
const cdo = cdoFile(cdoWords);
const pdi = buildPdi([{ name: "a", bytes: cdo }]);
const xclbin = buildXclbin({
  ...{ kernelName: "MLIR_AIE", instanceName: "MLIRAIE", columns: 1, startColumns: [1], args: npuKernelArgs(5), pdi },
});

test.for(["xclbin", "insts", "cdo"])(
  "every real file of %s comes back, nothing kept without meaning",
  (folder, { skip }) => {
    const { files, skipReason } = optionalData(folder);
    skip(skipReason !== undefined, skipReason);
    for (const path of files) {
      const result = roundtrip(new Uint8Array(readFileSync(path)), basename(path));

      expect(result, path).toMatchObject({ equal: true, padding: [] });
      expect(
        result.parts.filter(({ how }) => how === "kept as bytes"),
        path,
      ).toEqual([]);
    }
  },
);

test("our own xclbin, its PDI and its CDO come back", () => {
  for (const bytes of [xclbin, pdi, cdo]) expect(roundtrip(bytes, "file")).toMatchObject({ equal: true, padding: [] });
});

test("a CDO keeps a length in long form, a NOP's words, its identifier and what is behind its commands", () => {
  const other = cdoFile(cdoWords, 0x584c4e58, [0, 0, 3]);

  expect(readCdo(other).commands.map(({ longForm }) => longForm ?? false)).toEqual([false, false, true, false]);
  expect(roundtrip(other, "x.cdo")).toMatchObject({ equal: true, padding: [{ at: other.length - 12, bytes: 12 }] });
});

test("sections that are unknown, unordered, spaced out and padded with other bytes come back, and are told", () => {
  const { header, sections } = readXclbin(xclbin);
  const plain = writeAxlf({
    header: { ...header, signatureLength: 16, mode: 1 },
    sections: [{ kind: 99, name: "other", offset: 0, data: Uint8Array.of(1, 2, 3) }],
    trailer: new Uint8Array(16).fill(5),
  });
  plain.fill(9, 40, 48);
  plain[456 + 22] = 1;

  const result = roundtrip(plain, "signed.xclbin");

  expect(sections.length).toBe(7);
  expect(result.equal).toBe(true);
  expect(result.parts.map(({ what, how }) => [what, how])).toEqual([
    ["section kind 99", "kept as bytes"],
    ["signature", "kept as bytes"],
  ]);
  expect(result.padding.map(({ at }) => at)).toEqual([12, 465]);
});

test("a manifest as builds write it is encoded anew; in another layout its text is kept", () => {
  const file = { path: "a", bytes: 16, sha256: "ab".repeat(32) };
  const manifest = {
    ...{
      format: "aiekit-manifest",
      version: 1,
      kernel: "mel",
      about: "",
      target: "sim",
      device: "npu1_1col",
      params: {},
    },
    ...{ design: file, xclbin: file, xclbinKernel: "MLIR_AIE", inputs: [], tools: [] },
    sequences: [{ name: "sequence", insts: file, units: 1, args: [] }],
  };
  const text = (indent: number) => new TextEncoder().encode(`${JSON.stringify(manifest, null, indent)}\n`);

  expect(roundtrip(text(2), "manifest.json")).toMatchObject({ equal: true, parts: [{ how: "encoded" }] });
  expect(roundtrip(text(3), "manifest.json")).toMatchObject({ equal: true, parts: [{ how: "kept as bytes" }] });
});

test("bytes appended to an xclbin are told and kept", () => {
  const result = roundtrip(new Uint8Array([...xclbin, 1, 2, 3]), "longer.xclbin");

  expect(result.equal).toBe(true);
  expect(result.parts.find(({ how }) => how === "kept as bytes")).toMatchObject({ bytes: 3, at: xclbin.length });
});

test("two AIE_PARTITION sections and two PDIs come back, and are all described", () => {
  const { header, sections, partition } = readXclbin(xclbin);
  const two = { ...partition!, pdis: [partition!.pdis[0]!, { ...partition!.pdis[0]!, uuid: "22".repeat(16) }] };
  const content = { type: "partition", partition: two } as const;
  const bytes = writeXclbin({
    ...{ header, trailer: new Uint8Array() },
    sections: [...sections, { kind: 32, name: "more", offset: 0, sizeBytes: 0, content }],
  });

  const text = describeXclbinText(readXclbin(bytes)).join("\n");

  expect(roundtrip(bytes, "two.xclbin")).toMatchObject({ equal: true, padding: [] });
  expect(text).toContain("a further AIE_PARTITION:");
  expect(text.match(/^ {2}PDI /gm)).toHaveLength(3);
});

test("metadata in another layout of text are compared by meaning and kept", () => {
  const text = new TextDecoder().decode(new Uint8Array(sectionOf(xclbin, 2)));
  const denser = xclbinWith(2, new TextEncoder().encode(text.replaceAll("\n", "")));

  const part = roundtrip(denser, "dense.xclbin").parts.find(({ what }) => what === "EMBEDDED_METADATA");

  expect(part).toMatchObject({ how: "kept as bytes", why: expect.stringMatching(/^same elements and attributes/) });
});

test("a partition whose heap lies in another order is encoded at the places found", () => {
  // The kernel commit id (8 bytes at 192) and the name (at 184) change places.
  const data = sectionOf(xclbin, 32).slice();
  const view = new DataView(data.buffer);
  view.setUint32(4, 192, true);
  view.setUint32(128, 184, true);

  const result = roundtrip(xclbinWith(32, data), "moved.xclbin");

  expect(result.equal).toBe(true);
  expect(result.parts.some(({ what }) => what === "AIE_PARTITION, in a layout of its own")).toBe(true);
});

test("streams of both kinds come back with the operations that nothing knows", () => {
  const txn = encodeTxn({
    ...{ major: 1, minor: 0, deviceGeneration: 4, rows: 6, cols: 8, memtileRows: 1 },
    ops: [{ op: "write32", address: 4, value: 5 }],
  });
  const withUnknown = new Uint8Array([...txn, 0x0d, 0, 0, 0, 1, 0, 0, 0]);
  const older = wordBytes([...legacyProlog, 0x06000120, 0, 16, 4, 0, 0, 0x80000000, 0, 0, 0x02000000, 0x09000000, 1]);

  const [newer, old] = [roundtrip(withUnknown, "a.bin"), roundtrip(older, "b.bin")];

  expect(newer).toMatchObject({ equal: true, parts: [{ what: "1 operations" }, { how: "kept as bytes", bytes: 8 }] });
  expect(old).toMatchObject({ equal: true, parts: [{ what: "1 operations" }, { how: "kept as bytes", bytes: 8 }] });
  expect(old.parts[1]?.why).toContain(
    "op 1 at byte 108: expected operation 2 (write32), 3 (sync) or 6 (writeBd), got 9",
  );
});

test("an ELF's section that is not in the file may lie at any offset", () => {
  const elf = writeCoreElf({
    ...{ machine: 264, ident: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 1, 1), type: 2, version: 1, entry: 0, flags: 0 },
    ...{
      programHeaderOffset: 0,
      sectionHeaderOffset: 52,
      sectionNamesIndex: 0,
      segments: [],
      symbols: [],
      fileBytes: 100,
    },
    sections: [
      {
        ...{ name: "", nameOffset: 0, type: 8, flags: 2, address: 0x70000, offset: 0xfffffff0, sizeBytes: 64 },
        ...{ data: new Uint8Array(), link: 0, info: 0, alignment: 4, entryBytes: 0 },
      },
    ],
  });

  expect(roundtrip(elf, "bss.elf")).toMatchObject({ equal: true, bytes: 100 });
});

test("a group's type that no writer knows is still encoded; text that is no UTF-8 is told as a difference", () => {
  const data = sectionOf(xclbin, 32).slice();
  const name = data.indexOf(0x44, 184 + 16 + pdi.length);
  data[name] = 0xff;

  const result = roundtrip(xclbinWith(32, data), "text.xclbin");

  expect(result.equal).toBe(false);
  expect(result.difference).toMatchObject({ was: "0xff" });
});

function sectionOf(bytes: Uint8Array, kind: number): Uint8Array {
  const section = readXclbin(bytes).sections.find((candidate) => candidate.kind === kind)!;
  return bytes.slice(section.offset, section.offset + section.sizeBytes);
}

function xclbinWith(kind: number, data: Uint8Array): Uint8Array {
  const { header, sections } = readXclbin(xclbin);
  const changed = sections.map((section) => {
    const { offset, sizeBytes } = section;
    return { ...section, data: section.kind === kind ? data : xclbin.slice(offset, offset + sizeBytes) };
  });
  return writeAxlf({ header, sections: changed, trailer: new Uint8Array() });
}

function cdoFile(commands: readonly number[], identifier = 0x004f4443, behind: readonly number[] = []): Uint8Array {
  const head = [4, identifier, 0x200, commands.length];
  return wordBytes([...head, ~head.reduce((sum, word) => sum + word, 0) >>> 0, ...commands, ...behind]);
}

function wordBytes(words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}
