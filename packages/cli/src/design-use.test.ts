import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fixture, type SimFolder, simFolder } from "./sim.test-support.ts";

let folder: SimFolder;
beforeAll(async () => {
  folder = await simFolder();
});
afterAll(() => folder.remove());

/** An ELF of machine AIE with one loaded piece of program memory. Layout: Tool Interface Standard ELF 1.2, book I. */
function elfOf(programBytes: number): Uint8Array {
  const [header, entry, load] = [52, 32, 1];
  const bytes = new Uint8Array(header + entry);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  const halves: Readonly<Record<number, number>> = { 16: 2, 18: 264, 40: header, 42: entry, 44: 1, 46: 40 };
  const words = { 20: 1, 28: header, [header]: load, [header + 20]: programBytes, [header + 24]: 5 };
  for (const [at, value] of Object.entries(halves)) view.setUint16(Number(at), value, true);
  for (const [at, value] of Object.entries(words)) view.setUint32(Number(at), value, true);
  return bytes;
}

test("--use counts a core's program against 16 KiB where its ELF is there, and says why not where it is missing", async () => {
  const design =
    'module { aie.device(npu1) {\n%t = aie.tile(1, 2)\n%c = aie.core(%t) { aie.end } {elf_file = "c.elf"}\n} }';
  await folder.write("elf.mlir", design);

  const missing = await folder.sim("elf.mlir", "--use");
  await writeFile(join(folder.path, "c.elf"), elfOf(16_384));
  const full = await folder.sim("elf.mlir", "--use");
  await writeFile(join(folder.path, "c.elf"), elfOf(21_456));
  const large = await folder.sim("elf.mlir", "--use");

  expect([missing.code, full.code, large.code]).toEqual([0, 0, 0]);
  expect(missing.stdout).toMatch(
    /core \(1,2\): program memory 16384 bytes; .* not known: .*c\.elf: there is no such file/,
  );
  expect(full.stdout).toContain("core (1,2): program memory 16384 bytes, 16384 used\n");
  expect(large.stdout).toContain("21456 used, 5072 too many: unroll less");
});

test("--use says which columns hold nothing, and how many contexts of this width there can be", async () => {
  await folder.write(
    "one.mlir",
    "module { aie.device(npu1) {\n%t = aie.tile(1, 2)\n%c = aie.core(%t) { aie.end }\n} }",
  );
  await folder.write("two.mlir", "module { aie.device(npu2_2col) { } }");

  const wide = await folder.sim("one.mlir", "--use");
  const two = await folder.sim("two.mlir", "--use", "--json");

  expect(wide.stdout).toContain("columns 0, 2, 3 hold nothing: an aie.device of fewer columns leaves them to others");
  expect(JSON.parse(two.stdout).use.context).toMatchObject({ columns: 2, contextsMax: 16, sideBySide: 4 });
});

test("--use says of what is full how to make room, with the number and who takes it", async () => {
  const use = await folder.sim(fixture("packet-flows-many-to-one.mlir"), "--use");

  expect(use.code).toBe(0);
  expect(use.stdout).toMatch(/\(0,2\) South masters, 4 of 4: all taken; for more room .*send them as packets/);
  expect(use.stdout).toMatch(/\(0,2\) +South masters +4 +4 +100 % +DMA 0 of \(0,\d\) \(South \d\) 1, /);
});

test("streams that no switch carries are told with the ports there are, the streams and what would fit", async () => {
  const rows = [2, 3, 4, 5];
  const tiles = rows.map((row) => `%t${row} = aie.tile(0, ${row})`);
  // Six channels of a memtile take streams, and four ports lead down into its row.
  const flows = [0, 1, 2, 3, 4, 5].map((i) => `aie.flow(%t${2 + (i >> 1)}, DMA : ${i % 2}, %m, DMA : ${i})`);
  await folder.write(
    "many.mlir",
    `module { aie.device(npu1_1col) {\n%m = aie.tile(0, 1)\n${[...tiles, ...flows].join("\n")}\n} }`,
  );

  const { code, stderr } = await folder.sim("many.mlir", "--use");

  expect(code).toBe(4);
  expect(stderr).toMatch(/switch \(0,\d\) \w+ \(\d ports, at least \d streams\): expected a port for every stream/);
  expect(stderr).toMatch(/hint: start some of these streams in another column, send them as packets, or join them/);
});

test("--use and draw of a device that loads another one: its own tiles, or what to take where it has none", async () => {
  const design = fixture("configure-and-run-other-device.mlir");
  const loads =
    "aie.runtime_sequence @all(%a: memref<4xi32>) { aiex.configure @small { aiex.run @go(%a) : (memref<4xi32>) } }";
  const small = "aie.device(npu1_1col) @small { aie.runtime_sequence @go(%a: memref<4xi32>) { } }";
  await folder.write(
    "loads.mlir",
    `module { ${small} aie.device(npu1_1col) { %t = aie.tile(0, 2) %c = aie.core(%t) { aie.end } ${loads} } }`,
  );

  const empty = await folder.sim(design, "--use");
  const own = await folder.sim("loads.mlir", "--use");

  expect(empty).toMatchObject({ code: 2 });
  expect(empty.stderr).toMatch(/this device has no tiles: its sequences load @copy\nhint: .*--device-name copy/);
  expect(own).toMatchObject({ code: 0, stderr: "" });
  expect(own.stdout).toContain("core (0,2): program memory");
});
