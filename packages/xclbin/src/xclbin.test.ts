import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { AiekitError, FormatError } from "@aiekit/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fixture, optionalData } from "./optional-data.test-support.ts";
import { readXclbin, writeXclbin } from "./xclbin.ts";

const fixtures = ["good", "nokernel", "nopart"] as const;
const real = optionalData("xclbin");

test.each(fixtures)("xclbinutil's %s.xclbin comes back byte for byte with every section encoded anew", (file) => {
  const bytes = fixture(`xclbin/${file}.xclbin`);

  const xclbin = readXclbin(bytes, file);

  expect(xclbin.sections.every(({ content }) => content.type !== "opaque")).toBe(true);
  expect(writeXclbin(xclbin)).toEqual(bytes);
});

test("xclbins of other projects come back byte for byte", ({ skip }) => {
  skip(real.skipReason !== undefined, real.skipReason);

  for (const path of real.files) {
    const bytes = new Uint8Array(readFileSync(path));

    const xclbin = readXclbin(bytes, basename(path));

    expect(
      xclbin.sections.map(({ kind }) => kind),
      path,
    ).toEqual([6, 32, 2, 8, 7, 27, 26]);
    expect(xclbin.sections.every(({ content }) => content.type !== "opaque")).toBe(true);
    expect(Buffer.compare(writeXclbin(xclbin), bytes), path).toBe(0);
  }
});

test("the call without opcode of 2023 is told from today's", ({ skip }) => {
  skip(real.skipReason !== undefined, real.skipReason);
  const hasOpcode = real.files.map((path) =>
    readXclbin(new Uint8Array(readFileSync(path))).kernels.map((k) => k.hasOpcode),
  );

  expect(real.files.map((path) => basename(path).slice(0, 1))).toEqual(["a", "b", "c", "e"]);
  expect(hasOpcode).toEqual([[false], [false], [true], [true]]);
});

// Values of the JSON that the fixture was made from.
test("kernel, arguments, banks and partition of good.xclbin are those of its JSON", () => {
  const { kernels, memory, ips, connections, partition, uuid } = readXclbin(fixture("xclbin/good.xclbin"));

  const source = JSON.parse(new TextDecoder().decode(fixture("xclbin/kern.json")))["ps-kernels"].kernels[0];
  expect(kernels).toHaveLength(1);
  expect(kernels[0]).toMatchObject({ name: "MLIR_AIE", type: "dpu", dpuKernelId: 0x901, instances: ["MLIRAIE"] });
  expect(kernels[0]!.hasOpcode).toBe(true);
  expect(
    kernels[0]!.args.map(({ name, qualifier, type, offsetBytes }) => ({ name, qualifier, type, offsetBytes })),
  ).toEqual(
    source.arguments.map((arg: Record<string, string>) => ({
      name: arg.name,
      qualifier: arg["address-qualifier"],
      type: arg.type,
      offsetBytes: Number(arg.offset),
    })),
  );
  expect(memory.map(({ tag, sizeKib }) => [tag, sizeKib])).toEqual([
    ["HOST", 0x10000n],
    ["SRAM", 0xc000n],
  ]);
  expect(ips.map(({ name, kernelId, subtype }) => [name, kernelId, subtype])).toEqual([["MLIR_AIE:MLIRAIE", 0x901, 1]]);
  expect(connections.map(({ argIndex, memoryIndex }) => [argIndex, memoryIndex])).toEqual([
    [1, 1],
    [3, 0],
    [4, 0],
    [5, 0],
  ]);
  expect(partition?.columnWidth).toBe(1);
  expect(partition?.startColumns).toEqual([1, 2, 3, 4]);
  expect(partition?.pdis[0]?.image).toHaveLength(4096);
  expect(partition?.pdis[0]?.uuid).toBe("12345678-1234-4234-8234-123456789abc");
  expect(uuid).toBe("c47c8487-1ae5-2646-fde4-d142010a3a15");
});

test("an IP_LAYOUT of 2023, properties 0x09010011, is functional 1, subtype 1, kernel 0x901", () => {
  const bytes = fixture("xclbin/good.xclbin").slice();
  bytes.set([0x11, 0x00, 0x01, 0x09], 6448 + 8 + 4);

  const [ip] = readXclbin(bytes).ips;

  expect(ip).toMatchObject({ functional: 1, subtype: 1, kernelId: 0x901, otherProperties: 0 });
});

// Offsets: section table at 456, 40 bytes a header (offset at +24, size at +32); MEM_TOPOLOGY at 736, AIE_PARTITION at 824.
test.each([
  ["another magic", 0, [0x7a], 'expected an xclbin (first bytes "xclbin2"), got "zclbin2', 0],
  [
    "a length of one byte less",
    304,
    [0x66],
    "header: file of 9830 bytes declared, got 9831: something was appended",
    304,
  ],
  ["a length of one byte more", 304, [0x68], "header: file of 9832 bytes declared, got 9831: the file is cut off", 304],
  ["two thousand million sections", 448, [0, 0, 0, 0x80], "header: 2147483648 sections declared", 448],
  [
    "a section before the table's end",
    480,
    [0, 0],
    "section 0 (MEM_TOPOLOGY): expected an offset of 736 to 9831, got 0",
    480,
  ],
  [
    "a section behind the file",
    520,
    [0, 0, 1],
    "section 1 (AIE_PARTITION): expected an offset of 736 to 9831, got 65536",
    520,
  ],
  [
    "a section longer than the file",
    488,
    [0, 0, 1],
    "section 0 (MEM_TOPOLOGY): 65536 bytes at 736 declared, 9095 left",
    488,
  ],
  ["a size of 2^63", 495, [0x80], "section 0 (MEM_TOPOLOGY): 9223372036854775896 bytes at 736 declared", 488],
  ["a section over another", 480, [0x38, 3], "section AIE_PARTITION at 824 lies over section MEM_TOPOLOGY", 824],
  ["more memory banks than bytes", 736, [3], "MEM_TOPOLOGY: expected a count of 0 to 2 entries, got 3", 736],
  ["a negative number of banks", 739, [0xff], "MEM_TOPOLOGY: expected a count of 0 to 2 entries, got -16777214", 736],
  [
    "start columns behind the section",
    824 + 44,
    [0xff, 0xff],
    "AIE_PARTITION: start_columns[4]: expected 8 bytes at 65535",
    5344,
  ],
  [
    "a PDI image behind the section",
    824 + 0x1148 + 20,
    [0, 0, 1],
    "AIE_PARTITION: PDI 0 image: expected 4096 bytes at 65536",
    5344,
  ],
  [
    "arrays over one another",
    824 + 0x10e8 + 16,
    [0x20, 0, 0, 0, 0xd0, 0, 0, 0],
    "AIE_PARTITION: PDI 0 group 0 dpu_kernel_ids: arrays of the section overlap",
    824 + 0x10e8 + 16,
  ],
  ["no XML", 5344, [0x7b], "EMBEDDED_METADATA: XML: expected an element, got text", 5344],
])("%s is refused with section and byte offset", (_, at, patch, message, offset) => {
  const bytes = fixture("xclbin/good.xclbin").slice();
  bytes.set(patch, at);

  const error = caught(() => readXclbin(bytes, "x.xclbin"));

  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).message).toContain(`x.xclbin: ${message}`);
  expect((error as FormatError).offset).toBe(offset);
});

test("a file cut off anywhere, a Git LFS pointer and an empty file are refused by name", () => {
  const bytes = fixture("xclbin/good.xclbin");
  const pointer = new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:0\n");

  expect(() => readXclbin(bytes.slice(0, 100))).toThrow("header: expected 456 bytes at 0, section has 100");
  expect(() => readXclbin(bytes.slice(0, 5000))).toThrow("the file is cut off");
  expect(() => readXclbin(pointer, "final.xclbin")).toThrow("final.xclbin: expected an xclbin, got a Git LFS pointer");
  expect(() => readXclbin(new Uint8Array())).toThrow("got an empty file");
});

test("an argument without hostSize is refused by name, as XRT refuses it", () => {
  const text = new TextDecoder("latin1").decode(fixture("xclbin/good.xclbin"));
  const at = text.indexOf('hostSize="0x8" type="void*"');
  const bytes = fixture("xclbin/good.xclbin").slice();
  bytes.set(new TextEncoder().encode("hostSiez"), at);

  expect(() => readXclbin(bytes)).toThrow("kernel MLIR_AIE arg bo0: expected attribute hostSize");
});

test("a damaged xclbin is read or refused with an AiekitError, never anything else", () => {
  const whole = fixture("xclbin/good.xclbin");
  const anyByte = fc.oneof(fc.nat(255), fc.constantFrom(0, 0xff, 0x80));
  // Half of the damage goes where the structure is, not into the PDI.
  const anyPlace = fc.oneof(
    fc.nat(whole.length - 1),
    fc.integer({ min: 296, max: 1100 }),
    fc.integer({ min: 5000, max: 6800 }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyPlace, anyByte), { minLength: 1, maxLength: 6 }),
      fc.nat(whole.length),
      (flips, length) => {
        const damaged = whole.slice();
        for (const [at, value] of flips) damaged[at] = value;
        for (const bytes of [
          damaged,
          damaged.subarray(0, length),
          withLength(damaged.slice(0, Math.max(length, 312))),
        ]) {
          const error = caught(() => writeXclbin(readXclbin(bytes)));
          if (error !== undefined && !(error instanceof AiekitError)) throw error;
        }
      },
    ),
    { seed: 3, numRuns: 1500 },
  );
});

/** The same bytes with their number in the header, so that reading goes on past that check. */
function withLength(bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer).setBigUint64(304, BigInt(bytes.length), true);
  return bytes;
}

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
