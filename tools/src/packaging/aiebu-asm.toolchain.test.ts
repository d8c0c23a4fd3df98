import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeTxn, encodeTxn, readControlElf, type TxnOp, writeFullElf, writeInstsElf } from "@aiekit/xclbin";
import { afterEach, beforeEach, expect, test } from "vitest";
import { realTools } from "./real-tools.test-support.ts";

// The UID is a hash of the contents, there MD5.
const uidBytes = 16;
const { aiebuAsm, noAiebuAsm } = realTools();
const fixtures = new URL("../../../mlir/fixtures/conformance/", import.meta.url);
const streamNames = readdirSync(fixtures).filter((name) => name.endsWith(".insts.bin"));
// The first loads a PDI, which only a full ELF has; the second patches a BD that the shim does not have, and aiebu-asm drops
// that patch without a word.
const patchedStreams = ["memcpy-nd-i8.insts.bin", "matmul-16-cores-i16-npu1.insts.bin"];
const refused = ["configure-and-run-other-device.main.all.insts.bin", "odd-memcpy-id-16.insts.bin"];

let folder: string;
beforeEach(({ skip }) => {
  skip(noAiebuAsm !== undefined, noAiebuAsm);
  folder = mkdtempSync(join(tmpdir(), "aiekit-aiebu-"));
});
afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

/** Bytes that differ, but for those of the UID, which is the description of the last note. */
function differences(own: Uint8Array, theirs: Uint8Array): number[] {
  const { uid } = readControlElf(theirs, "aiebu-asm");
  const uidAt = Buffer.from(theirs).indexOf(Buffer.from(uid!, "hex"));
  const longer = Math.max(own.length, theirs.length);
  const all = Array.from({ length: longer }, (_, i) => i).filter((i) => own[i] !== theirs[i]);
  return all.filter((i) => i < uidAt || i >= uidAt + uidBytes);
}

function assembled(args: readonly string[]): Uint8Array {
  const out = join(folder, "out.elf");
  execFileSync(aiebuAsm, [...args, "-o", out], { stdio: "pipe" });
  return readFileSync(out);
}

function saved(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

test(`the ELFs of ${streamNames.length} streams are those of aiebu-asm, byte for byte but for the UID`, () => {
  let [compared, patches] = [0, 0];
  for (const name of streamNames) {
    if (refused.includes(name)) continue;
    const insts = readFileSync(new URL(name, fixtures));

    const theirs = assembled(["-t", "aie2txn", "-c", saved("insts.bin", insts)]);

    expect({ name, differences: differences(writeInstsElf(insts), theirs) }).toEqual({ name, differences: [] });
    compared++;
    patches += readControlElf(theirs, "aiebu-asm").codes[0]!.patches.length;
  }
  expect(compared).toBe(streamNames.length - refused.length);
  expect(patches).toBeGreaterThan(compared);
});

test.each(refused)("%s has no ELF", (name) => {
  expect(() => writeInstsElf(readFileSync(new URL(name, fixtures)))).toThrow(
    /loads PDIs|expected the address of a shim BD/,
  );
});

test("a full ELF of two PDIs and two instances is the one that aiebu-asm makes, but for the UID", () => {
  const loading = (name: string, id: number): Uint8Array => {
    const stream = decodeTxn(readFileSync(new URL(name, fixtures)), name);
    const loadPdi: TxnOp = { op: "loadPdi", id, bytes: 0, address: 0n };
    return encodeTxn({ ...stream, cols: 4, ops: [loadPdi, ...stream.ops] });
  };
  const [first, second] = [loading(patchedStreams[0]!, 1), loading(patchedStreams[1]!, 2)];
  const pdis = [1, 2].map((id) => ({ id, bytes: new Uint8Array(20 + 7 * id).fill(id) }));
  const argument = (i: number) => ({ name: `arg_${i}`, type: "char *", offset: `0x${(i * 8).toString(16)}` });
  const configuration = {
    "xrt-kernels": [
      {
        name: "main",
        arguments: [0, 1, 2, 3, 4].map(argument),
        PDIs: pdis.map(({ id, bytes }) => ({ id, PDI_file: saved(`${id}.pdi`, bytes) })),
        instance: [
          { id: "one", TXN_ctrl_code_file: saved("one.bin", first) },
          { id: "another", TXN_ctrl_code_file: saved("another.bin", second) },
        ],
      },
    ],
  };

  const theirs = assembled(["-t", "aie2_config", "-j", saved("config.json", JSON.stringify(configuration))]);

  const instances = [
    { name: "one", insts: first },
    { name: "another", insts: second },
  ];
  expect(differences(writeFullElf({ kernel: "main", argCount: 5, pdis, instances }), theirs)).toEqual([]);
});

test("readelf reads our ELF, and names its sections and relocations", ({ skip }) => {
  const readelf = "/usr/bin/readelf";
  try {
    execFileSync(readelf, ["--version"], { stdio: "pipe" });
  } catch {
    skip("no readelf (Debian: binutils)");
  }
  const file = saved("insts.elf", writeInstsElf(readFileSync(new URL(patchedStreams[0]!, fixtures))));

  const text = execFileSync(readelf, ["-SWr", file], { encoding: "utf8" });

  for (const section of [".ctrltext", ".dynsym", ".rela.dyn", ".note.xrt.UID"]) expect(text).toContain(section);
  expect(text).toMatch(/Relocation section '\.rela\.dyn' at offset 0x[0-9a-f]+ contains [1-9]/);
});
