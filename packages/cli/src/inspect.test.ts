import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  buildPdi,
  buildXclbin,
  encodeSimImage,
  encodeTxn,
  legacyProlog,
  npuKernelArgs,
  readXclbin,
  type TxnOp,
  writeCdo,
  writeCoreElf,
  writeInstsElf,
  writeXclbin,
} from "@aiekit/xclbin";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runInProcess } from "./run-cli.test-support.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-cli-"));
  const xclbin = buildXclbin({
    kernelName: "MLIR_AIE",
    instanceName: "MLIRAIE",
    columns: 1,
    startColumns: [1],
    args: npuKernelArgs(2),
    pdi: encodeSimImage({ loweredMlir: "module {}", device: "npu1_1col", cores: [], modules: [] }),
  });
  const { header, sections, trailer } = readXclbin(xclbin);
  const noMetadata = writeXclbin({ header, sections: sections.filter(({ kind }) => kind !== 2), trailer });
  const insts = encodeTxn({ ...npu1, ops: streamOps(16) });
  const pdi = buildPdi([{ name: "all", bytes: cdo }]);
  await writeFile(join(folder, "good.xclbin"), xclbin);
  await writeFile(join(folder, "renamed.dat"), xclbin);
  await writeFile(join(folder, "no-metadata.xclbin"), noMetadata);
  await writeFile(join(folder, "insts.bin"), insts);
  const instsElf = writeInstsElf(insts);
  await writeFile(join(folder, "insts.elf"), instsElf);
  await writeFile(join(folder, "damaged.elf"), instsElf.with(7, 75));
  await writeFile(join(folder, "longer.bin"), encodeTxn({ ...npu1, ops: streamOps(32) }));
  await writeFile(
    join(folder, "older.txt"),
    hexText([...legacyProlog, 0x02000000, 0x1d204, 0x80000001, 0x03000000, 0x00010100]),
  );
  await writeFile(join(folder, "unknown.bin"), unknownOp(insts));
  await writeFile(join(folder, "init_cdo.bin"), cdo);
  await writeFile(join(folder, "design.pdi"), pdi);
  await writeFile(join(folder, "core.elf"), elf);
  await writeFile(join(folder, "hardware.xclbin"), buildXclbin({ ...spec, pdi }));
});

const npu1 = { major: 0, minor: 1, deviceGeneration: 3, rows: 6, cols: 1, memtileRows: 1 } as const;
const spec = {
  kernelName: "MLIR_AIE",
  instanceName: "MLIRAIE",
  columns: 1,
  startColumns: [1],
  args: npuKernelArgs(5),
};

function streamOps(lengthWords: number): TxnOp[] {
  return [
    { op: "write32", address: (1 << 25) | (2 << 20) | 0x1d214, value: 5 },
    { op: "blockwrite", address: 0x1d000, words: [lengthWords, 0, 0, 0, 0x80000000, 0x2000000, 0, 0x2000000] },
    { op: "addressPatch", address: 0x1d004, argIndex: 2, argPlus: 64 },
    { op: "write32", address: 0x1d214, value: 0x80000000 },
    { op: "sync", direction: 0, col: 1, row: 0, channel: 1, cols: 1, rows: 1 },
  ];
}

const tile = 2 << 20;
const cdo = writeCdo({
  version: 0x200,
  identifier: 0x004f4443,
  trailing: new Uint8Array(),
  commands: [
    { command: "nop", words: 0 },
    { command: "dmaWrite", address: tile | 0x20000, data: new Uint8Array(64).fill(7) },
    {
      command: "dmaWrite",
      address: tile | 0x1d020,
      data: words([(256 << 14) | 17, 0, 0, 0, 0, 0x0e05dfe1 | (1 << 12)]),
    },
    { command: "write", address: tile | 0x1f010, value: 2, wide: true },
    { command: "write", address: tile | 0x3f034, value: 0x80000007, wide: true },
    { command: "maskWrite", address: tile | 0x32000, mask: 1, value: 1, wide: true },
    { command: "other", id: 0x1ff, payload: words([1, 2]) },
  ],
});

const elf = writeCoreElf({
  ...{ machine: 264, ident: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 1, 1), type: 2, version: 1, entry: 0, flags: 0 },
  ...{
    programHeaderOffset: 52,
    sectionHeaderOffset: 0,
    sectionNamesIndex: 0,
    sections: [],
    symbols: [],
    fileBytes: 100,
  },
  segments: [
    {
      ...{ type: 1, offset: 84, virtualAddress: 0, physicalAddress: 0, data: new Uint8Array(16).fill(1) },
      ...{ memoryBytes: 20_000, flags: 5, alignment: 16 },
    },
  ],
});

function words(list: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(list).buffer);
}

function hexText(list: readonly number[]): string {
  return list.map((word) => word.toString(16).padStart(8, "0")).join("\n");
}

/** The stream with an operation of code 0x0d in place of the second one. */
function unknownOp(insts: Uint8Array): Uint8Array {
  const bytes = insts.slice();
  bytes[16 + 24] = 0x0d;
  return bytes;
}

afterAll(() => rm(folder, { recursive: true }));

const inspect = (...argv: string[]) => runInProcess(["inspect", ...argv], { cwd: folder });

test("an xclbin is recognised by its content, not its name, and shows kernel, arguments and PDI", async () => {
  const { code, stdout } = await inspect("renamed.dat");

  expect(code).toBe(0);
  expect(stdout).toContain("kernel MLIR_AIE:MLIRAIE");
  expect(stdout).toContain("image for the simulator: device npu1_1col");
});

test("a section's name that would steer a terminal is shown with its control characters as numbers", async () => {
  const { header, sections, trailer } = readXclbin(await readFile(join(folder, "good.xclbin")));
  const steering = sections.map((section, i) => (i === 0 ? { ...section, name: "\u001b]0;x\u0007" } : section));
  await writeFile(join(folder, "steering.xclbin"), writeXclbin({ header, sections: steering, trailer }));

  const { code, stdout } = await inspect("steering.xclbin");

  expect(code).toBe(0);
  expect(stdout).toContain("\\x1b]0;x\\x07");
});

test("instructions are shown with tile, register, BD and buffer of each operation", async () => {
  const { stdout } = await inspect("insts.bin");

  expect(stdout.trimEnd().split("\n")).toEqual([
    "insts.bin: TXN 0.1, device generation 3 (npu1), 1 column(s), 6 rows, 1 of mem tiles",
    "5 operations, 176 bytes",
    "  0  write32       tile (1,2) 0x1d214 = 0x5",
    "  1  blockwrite    tile (0,0) noc DMA_BD0 = 8 words",
    "       DMA_BD0: 16 words at + 0 B, burst code 2",
    "  2  addressPatch  tile (0,0) noc DMA_BD0 word 1 = address of bo2 + 64 bytes",
    "  3  write32       tile (0,0) noc DMA_MM2S_0_Task_Queue = 0x80000000: start BD 0, token",
    "  4  sync          tile (1,0) S2MM 1, 1 x 1 tiles",
  ]);
});

test("a stream of before June 2024, as text, is shown by the same names", async () => {
  const { code, stdout } = await inspect("older.txt");

  expect(code).toBe(0);
  expect(stdout.trimEnd().split("\n")).toEqual([
    "older.txt: stream of the kind of before June 2024, the usual prolog of 17 words, as text",
    "2 operations, 88 bytes",
    "  0  write32       tile (0,0) noc DMA_S2MM_0_Task_Queue = 0x80000001: start BD 1, token",
    "  1  sync          tile (0,0) S2MM 0, 1 x 1 tiles",
  ]);
});

test("an unknown operation ends the list with its code and offset, and what is before it is shown", async () => {
  const { code, stdout } = await inspect("unknown.bin");

  expect(code).toBe(0);
  expect(stdout).toContain("  0  write32       tile (1,2) 0x1d214 = 0x5");
  expect(stdout).toContain("PROBLEM unknown.bin: op 1 at byte 40: expected a TXN operation");
  expect(stdout).toContain("136 bytes are not interpreted");
});

test("a CDO is told by tile: program bytes, BDs, locks, switch and core by register name", async () => {
  const { stdout } = await inspect("init_cdo.bin", "--writes");

  expect(stdout.split("\n").slice(0, 6)).toEqual([
    `init_cdo.bin: CDO 2.00 (CDO), 7 commands, ${cdo.length} bytes`,
    "tile (0,2): program 64 B, 1 lock writes, 1 BD writes, 1 stream switch writes, core enabled",
    "  memory DMA_BD1 = 17 words at word 256, acquire lock 1 >= 1, release lock 14 by 1, next BD 1",
    "  memory Lock1_Value = 0x2: 2",
    "  core Core_Control = 0x1: Enable, not Reset",
    "  core Stream_Switch_Master_Config_North0 = 0x80000007: from South2",
  ]);
  expect(stdout).toContain("UNKNOWN code 0x1ff  8 bytes");
});

test.each(["design.pdi", "hardware.xclbin"])(
  "%s shows the same registers, and with --brief one line a tile",
  async (file) => {
    const full = await inspect(file);
    const brief = await inspect(file, "--brief");

    expect(full.stdout).toContain("memory DMA_BD1 = 17 words at word 256, acquire lock 1 >= 1");
    expect(full.stdout).toContain("image aie_image, id 0x1c000000");
    expect(brief.stdout).toContain("tile (0,2): program 64 B");
    expect(brief.stdout).not.toContain("DMA_BD1");
  },
);

test("a core's ELF tells what it loads, and that 20000 B do not fit in 16384 B", async () => {
  const { stdout } = await inspect("core.elf");

  expect(stdout).toContain("program memory 20000 B of 16384, 3616 B MORE THAN FIT, data memory 0 B");
  expect(stdout).toMatch(/LOAD +84 +0x0 +16 +20000 +rx/);
});

test("an ELF of instructions tells its operations and which addresses XRT fills in; of a damaged one why it is refused", async () => {
  const { stdout } = await inspect("insts.elf");

  expect(stdout).toContain("ELF of an instruction stream, to go with an xclbin; ABI version 2");
  expect(stdout).toMatch(/^ +56 +address of a shim BD +argument 5 +64 +64$/m);
  expect(stdout).toMatch(/^ +1 +blockwrite +tile \(0,0\)/m);
  const damaged = await inspect("damaged.elf");
  expect(damaged.stdout).toContain("EI_OSABI: expected 69 (npu1 and npu2), got 75 (AIE4)");
});

test.each(["good.xclbin", "hardware.xclbin", "design.pdi", "init_cdo.bin", "insts.bin", "older.txt", "core.elf"])(
  "--roundtrip of %s says that it came back equal",
  async (file) => {
    const { code, stdout } = await inspect(file, "--roundtrip");

    expect(stdout).toMatch(/: written back (byte for byte|word for word) equal$/m);
    expect(stdout).toContain("every part was encoded from what was read");
    expect(code).toBe(0);
  },
);

test("--roundtrip says what it kept without understanding it", async () => {
  const { code, stdout } = await inspect("unknown.bin", "--roundtrip");

  expect(code).toBe(0);
  expect(stdout).toContain(
    "the rest: 136 bytes at 40, kept as bytes (unknown.bin: op 1 at byte 40: expected a TXN operation",
  );
  expect(stdout).toContain("1 part(s) kept as bytes");
});

test("two files: the first difference by name first, then the byte; exit code 1", async () => {
  const { code, stdout } = await inspect("insts.bin", "longer.bin");

  expect(code).toBe(1);
  expect(stdout.split("\n").slice(0, 2)).toEqual([
    "insts.bin -> longer.bin: first difference: operations, [1]: blockwrite tile (0,0) noc DMA_BD0 = 8 words; DMA_BD0: 16 words at + 0 B, burst code 2 -> blockwrite tile (0,0) noc DMA_BD0 = 8 words; DMA_BD0: 32 words at + 0 B, burst code 2",
    "first differing byte: 56",
  ]);
});

test("a comparison as JSON holds both names, the byte and every difference", async () => {
  const { code, stdout } = await inspect("insts.bin", "longer.bin", "--json");

  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    files: ["insts.bin", "longer.bin"],
    equal: false,
    firstByte: { at: 56 },
    differences: [{ where: "operations, [1]", a: expect.stringContaining("16 words") }],
  });
});

test("two xclbins: what a design does comes before sizes, sizes before uuids; equal files are exit code 0", async () => {
  const { code, stdout } = await inspect("good.xclbin", "hardware.xclbin");
  const same = await inspect("good.xclbin", "renamed.dat");

  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^good\.xclbin -> hardware\.xclbin: first difference: kernels, MLIR_AIE, 5 bo2: \(absent\) -> /,
  );
  expect(stdout.indexOf("  uuid: ")).toBeGreaterThan(stdout.indexOf("  partition, PDI 0, bytes: "));
  expect(same).toMatchObject({ code: 0, stdout: "good.xclbin and renamed.dat are equal byte for byte\n" });
});

test("two images for the simulator: a byte of a core's program that differs is told by its core, damage by its words", async () => {
  const image = (program: number) => ({
    device: "npu1_1col",
    loweredMlir: "module {}",
    cores: [{ col: 0, row: 2, module: 0 }],
    modules: [Uint8Array.of(0, program, 2)],
  });
  const file = (pdi: Uint8Array) =>
    buildXclbin({
      ...{ kernelName: "MLIR_AIE", instanceName: "MLIRAIE", columns: 1, startColumns: [1] },
      ...{ args: npuKernelArgs(2), pdi },
    });
  const pdi = encodeSimImage(image(1));
  await writeFile(join(folder, "one.xclbin"), file(pdi));
  await writeFile(join(folder, "other.xclbin"), file(encodeSimImage(image(7))));
  await writeFile(join(folder, "cut.xclbin"), file(pdi.subarray(0, pdi.length - 4)));

  const other = await inspect("one.xclbin", "other.xclbin");
  const cut = await inspect("one.xclbin", "cut.xclbin");

  expect(other.stdout).toMatch(
    /first difference: partition, PDI 0, simulator, cores, core \(0,2\), module, sha256: \w{64} -> \w{64}\n/,
  );
  expect(cut.stdout).toMatch(/partition, PDI 0, simulator: .* -> damaged: /);
});

test("--explain is exit code 0 for an xclbin that XRT accepts, says when it is the simulator's, and 1 with XRT's words for one without metadata", async () => {
  const good = await inspect("good.xclbin", "--explain");
  const bad = await inspect("no-metadata.xclbin", "--explain");

  expect(good).toMatchObject({ code: 0, stdout: expect.stringMatching(/: XRT finds everything that it looks for$/m) });
  expect(good.stdout).toContain("note: its PDI is an image for the simulator; no NPU starts from it");
  expect(bad.code).toBe(1);
  expect(bad.stdout).toMatch(/1\. EMBEDDED_METADATA: .*absent/);
  expect(bad.stdout).toContain("XRT says: No valid DPU kernel found in xclbin (err=22): Invalid argument");
});

test.each(["good.xclbin", "no-metadata.xclbin", "insts.bin", "design.pdi", "init_cdo.bin", "core.elf"])(
  "--json of %s is one JSON value",
  async (file) => {
    const { code, stdout } = await inspect(file, "--json");

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: file });
  },
);
