import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPdi, readXclbin } from "@aiekit/xclbin";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bootgenVersion, runBootgen } from "../drivers/bootgen.ts";
import { fakeTool } from "../drivers/fake-tool.test-support.ts";
import { runTool } from "../drivers/run-tool.ts";
import { checkPdi } from "./check-package.ts";
import { packageOwn } from "./own-packager.ts";
import { randomCdo } from "./random-cdo.test-support.ts";
import { realTools } from "./real-tools.test-support.ts";
import { cdoFile, oneCore, sampleCdo, sampleRequest } from "./sample-cdo.test-support.ts";
import { designBif } from "./tool-inputs.ts";

const { bootgen, skipReason } = realTools();
/**
 * Word 0x38 of the image header, which bootgen 2022.2 leaves zero and later ones and this project fill with ones; the header's
 * checksum follows it. Nothing else of a PDI may differ.
 */
const pcrAt = 0x90 + 0x38;

let folder: string;
beforeEach(async ({ skip }) => {
  skip(skipReason !== undefined, skipReason);
  folder = await mkdtemp(join(tmpdir(), "aiekit-bootgen-"));
});
afterEach(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** The PDI that bootgen makes of these files, in this order. */
async function bootgenPdi(files: readonly Uint8Array[], program = bootgen): Promise<Uint8Array> {
  const names = files.map((_, i) => `${i}.bin`);
  await Promise.all(files.map((bytes, i) => writeFile(join(folder, `${i}.bin`), bytes)));
  const list = names.map((name) => `file=${name}`).join(" ");
  await writeFile(join(folder, "x.bif"), designBif("main").replace(/file=.*\.bin/, list));
  await runBootgen({ program, folder, bif: "x.bif", pdi: "x.pdi", stage: "pack x.pdi" });
  return new Uint8Array(await readFile(join(folder, "x.pdi")));
}

function ownPdi(files: readonly Uint8Array[], pcr: number): Uint8Array {
  return buildPdi(
    files.map((bytes, i) => ({ name: `${i}.bin`, bytes })),
    pcr,
  );
}

/** Offsets of the words in which two PDIs differ. */
function differingWords(a: Uint8Array, b: Uint8Array): number[] {
  const words = Array.from({ length: Math.max(a.length, b.length) / 4 }, (_, i) => i * 4);
  return words.filter((at) => [0, 1, 2, 3].some((byte) => a[at + byte] !== b[at + byte]));
}

test("the program is bootgen 2022.2, whose answers these are", async () => {
  expect(await bootgenVersion(bootgen)).toBe("2022.2");
});

test("the PDI of a design is bootgen's but for word 0x38 of the image header and its checksum", async () => {
  const cdo = sampleCdo([...oneCore, { col: 1, row: 5, programWords: 4096 }, { col: 3, row: 2, programWords: 1 }]);

  const theirs = await bootgenPdi([cdo.elfs, cdo.init, cdo.enable]);

  const { pdi } = await packageOwn(sampleRequest({ cdo }));
  expect(differingWords(pdi, theirs)).toEqual([pcrAt, 0x90 + 0x3c]);
  expect(Buffer.compare(ownPdi([cdo.elfs, cdo.init, cdo.enable], 0), theirs)).toBe(0);
});

test("60 random sets of CDO files give bootgen's bytes", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const files = randomCdo(seed);

    const theirs = await bootgenPdi(files);

    expect(Buffer.compare(ownPdi(files, 0), theirs), `seed ${seed}`).toBe(0);
  }
});

test("bootgen packs the CDO files of two other projects into the PDIs that are in their xclbins", async ({ skip }) => {
  const data = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
  skip(!existsSync(data), "no optional data folder");
  for (const [letter, parts, pcr] of [
    ["b", ["error_handling", "elfs", "init", "enable"], 0],
    ["c", ["elfs", "init", "enable"], 0xffffffff],
  ] as const) {
    const open = (sub: string, wanted: (name: string) => boolean): Uint8Array => {
      const name = readdirSync(data + sub).find((file) => file.startsWith(`${letter}_`) && wanted(file));
      return new Uint8Array(readFileSync(`${data}${sub}/${name}`));
    };
    const files = parts.map((part) => open("cdo", (name) => name.endsWith(`_${part}.bin`)));
    const inXclbin = readXclbin(open("xclbin", () => true)).partition?.pdis[0]?.image ?? new Uint8Array();

    const theirs = await bootgenPdi(files);

    expect(Buffer.compare(ownPdi(files, 0), theirs), letter).toBe(0);
    expect(Buffer.compare(ownPdi(files, pcr), inXclbin), letter).toBe(0);
    // Project c used a bootgen that fills the word.
    expect(differingWords(theirs, inXclbin)).toEqual(letter === "b" ? [] : [pcrAt, 0x90 + 0x3c]);
  }
});

test("bootgen -read prints of our PDI what it prints of its own, and calls it one CDO partition of aie_image", async () => {
  const { cdo } = sampleRequest();
  const files = [cdo.elfs, cdo.init, cdo.enable];
  await bootgenPdi(files);
  await writeFile(join(folder, "own.pdi"), ownPdi(files, 0xffffffff));
  const read = async (pdi: string) =>
    runTool({
      ...{ program: bootgen, args: ["-arch", "versal", "-read", pdi], cwd: folder },
      ...{ stage: `read ${pdi}`, timeoutMs: 60_000 },
    });

  const [theirs, ours] = [await read("x.pdi"), await read("own.pdi")];

  const lines = (text: string) => text.split("\n").filter((line) => !line.includes("checksum (0x3c)"));
  expect(lines(ours)).toEqual(lines(theirs));
  expect(ours).toMatch(/id_code \(0x18\) : 0x14ca8093/);
  expect(ours).toMatch(/extended_id_code \(0x44\) : 0x00000001/);
  expect(ours).toMatch(/total_partitions \(0x0c\) : 0x00000001/);
  expect(ours).toMatch(/IMAGE HEADER \(aie_image\)/);
  expect(ours).toMatch(/id \(0x18\) : 0x1c000000/);
  expect(ours).toMatch(/partition_type\[cdo\]/);
});

test("bootgen reports success where the disk was full; the check of its file does not", async () => {
  const { cdo } = sampleRequest();
  // A limit on file sizes is met like a full disk: the write fails.
  const limited = await fakeTool(folder, "limited", `trap "" XFSZ\nulimit -f 0\nexec "${bootgen}" "$@"`);

  const pdi = await bootgenPdi([cdo.elfs, cdo.init, cdo.enable], limited);

  expect(pdi).toHaveLength(0);
  expect(() => checkPdi(pdi, { stage: "pack x.pdi", cdo })).toThrow("bootgen reported success, but its file");
});

test("bootgen drops what follows a CDO and reports success; our packager refuses such a file", async () => {
  const { cdo } = sampleRequest();
  const twice = Uint8Array.of(...cdo.init, ...cdo.init);

  const pdi = await bootgenPdi([cdo.elfs, twice, cdo.enable]);

  expect(Buffer.compare(pdi, await bootgenPdi([cdo.elfs, cdo.init, cdo.enable]))).toBe(0);
  await expect(packageOwn(sampleRequest({ cdo: { ...cdo, init: twice } }))).rejects.toThrow(
    "expected the end of the file",
  );
});

test.each<[string, Uint8Array, string]>([
  ["a CDO with a wrong checksum", damaged(cdoFile([0x111]), 16), "empty or damaged"],
  ["an empty file", new Uint8Array(), "empty or damaged"],
  ["a CDO without commands", cdoFile([]), "empty or damaged"],
])("bootgen refuses %s, and its error says what to do", async (_, bytes, hint) => {
  const error = await bootgenPdi([bytes]).catch((e) => e);

  expect(error.hint).toContain(hint);
});

function damaged(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
