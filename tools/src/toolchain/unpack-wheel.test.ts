import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type UnpackLimits, unpackWheel } from "./unpack-wheel.ts";
import { recordLine, wheelOf, type ZipEntry, zipOf } from "./wheel.test-support.ts";
import { parseWheelName } from "./wheel-name.ts";

const wheel = parseWheelName("llvm_aie-21.0.0-py3-none-any.whl");

let root: string;
let folder: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "aiekit-unpack-"));
  folder = join(root, "into");
  await mkdir(folder);
});
afterEach(() => rm(root, { recursive: true }));

async function unpack(bytes: Uint8Array, limits?: UnpackLimits): Promise<{ files: number; bytes: number }> {
  const path = join(root, wheel.file);
  await writeFile(path, bytes);
  return unpackWheel({ path, wheel, folder, ...(limits && { limits }) });
}

const clang: ZipEntry = { name: "llvm-aie/bin/clang", content: "#!/bin/sh\n", mode: 0o100755 };
const link = (name: string, target: string): ZipEntry => ({ name, content: target, mode: 0o120777 });
const made = (entries: readonly ZipEntry[], record?: readonly string[]): Buffer =>
  wheelOf({ name: "llvm_aie", version: "21.0.0", entries, ...(record && { record }) });

test("files come out with their content and permission bits, links with their targets", async () => {
  const header = { name: "llvm-aie/include/a b.h", content: "int x;\n" };
  const result = await unpack(
    made([clang, header, link("llvm-aie/bin/clang++", "clang"), link("llvm-aie/lib/up", "../bin")]),
  );

  expect(result.files).toBe(6);
  expect(await readFile(join(folder, "llvm-aie/include/a b.h"), "utf8")).toBe("int x;\n");
  expect((await stat(join(folder, "llvm-aie/bin/clang"))).mode & 0o777).toBe(0o755);
  expect(await readlink(join(folder, "llvm-aie/bin/clang++"))).toBe("clang");
  expect(await readlink(join(folder, "llvm-aie/lib/up"))).toBe("../bin");
});

test("set-user bits are not taken over", async () => {
  await unpack(made([{ ...clang, mode: 0o104755 }]));

  expect((await stat(join(folder, "llvm-aie/bin/clang"))).mode & 0o7777).toBe(0o755);
});

test.each([
  ["../outside", "invalid relative path"],
  ["llvm-aie/../../outside", "invalid relative path"],
  ["/etc/outside", "absolute path"],
  ["C:/outside", "absolute path"],
  ["llvm-aie\\outside", "invalid characters"],
  ["llvm-aie//outside", "an entry is named"],
  ["llvm-aie/./outside", "an entry is named"],
])("a wheel with an entry %s is refused before anything is written", async (name, problem) => {
  await expect(unpack(made([clang, { name, content: "x" }]))).rejects.toThrow(problem);

  expect(await readdir(folder)).toEqual([]);
});

test.each([["../../../outside"], ["/etc/passwd"], ["clang/../../../outside"], ["a\\..\\b"], [""]])(
  "a link to %j is refused",
  async (target) => {
    await expect(unpack(made([clang, link("llvm-aie/bin/l", target)]))).rejects.toThrow("outside the wheel");
    await expect(lstat(join(folder, "llvm-aie/bin/l"))).rejects.toThrow("ENOENT");
  },
);

test("a file below a link is refused: it would be written where the link leads", async () => {
  const entries = [link("llvm-aie/lib", "bin"), { name: "llvm-aie/lib/clang", content: "x" }];

  await expect(unpack(made(entries))).rejects.toThrow("llvm-aie/lib/clang lies below llvm-aie/lib, which is a link");
});

test("an entry that is there twice, and one that is a device, are refused", async () => {
  await expect(unpack(made([clang, clang]))).rejects.toThrow("llvm-aie/bin/clang is in it twice");
  await expect(unpack(made([{ name: "llvm-aie/dev", content: "", mode: 0o020644 }]))).rejects.toThrow("mode 20644");
});

test("more entries or bytes than the limits are refused before anything is written", async () => {
  await expect(unpack(made([clang]), { entries: 2, bytes: 1000 })).rejects.toThrow("3 entries, expected at most 2");
  await expect(unpack(made([clang]), { entries: 9, bytes: 20 })).rejects.toThrow("B unpacked, expected at most 20 B");
  expect(await readdir(folder)).toEqual([]);
});

test("an entry that unpacks to more than the zip claims is refused: a claim of 4 B, 1 MB of data", async () => {
  const bomb = { name: "llvm-aie/bomb", content: "0".repeat(1_000_000), claimedBytes: 4 };
  const lines = [`llvm-aie/bomb,${recordLine(bomb).split(",")[1]},4`];

  await expect(unpack(zipOfBomb(bomb, lines))).rejects.toThrow(/llvm-aie\/bomb: too many bytes/);
  expect((await stat(join(folder, "llvm-aie/bomb"))).size).toBeLessThan(100_000);
});

function zipOfBomb(bomb: ZipEntry, lines: readonly string[]): Buffer {
  return zipOf([bomb, { name: "llvm_aie-21.0.0.dist-info/RECORD", content: `${lines.join("\n")}\n` }]);
}

test("a file that differs from RECORD is refused, in content, in size, missing or too many", async () => {
  const record = (line: string) => made([clang], [line, metadataLine]);
  const other = recordLine({ name: clang.name, content: "#!/bin/no\n" });
  await expect(unpack(record(other))).rejects.toThrow(/llvm-aie\/bin\/clang: expected SHA-256 .* by its RECORD/);

  await expect(unpack(record(recordLine(clang).replace(/\d+$/, "11")))).rejects.toThrow(
    "expected 11 B by its RECORD, got 10 B",
  );
  await expect(unpack(made([clang], [metadataLine]))).rejects.toThrow("clang is in it, but not in its RECORD");
  const missing = recordLine({ name: "llvm-aie/bin/opt", content: "x" });
  await expect(unpack(made([clang], [recordLine(clang), metadataLine, missing]))).rejects.toThrow(
    "llvm-aie/bin/opt is in its RECORD, but not in it",
  );
});

const metadataLine = recordLine({
  name: "llvm_aie-21.0.0.dist-info/METADATA",
  content: "Metadata-Version: 2.1\nName: llvm_aie\nVersion: 21.0.0\n",
});

test("a truncated wheel, a text file and another package's wheel are refused by name", async () => {
  const whole = made([clang]);
  await expect(unpack(whole.subarray(0, whole.length - 30))).rejects.toThrow("not a zip file, or damaged");
  await expect(unpack(Buffer.from("Not Found"))).rejects.toThrow("not a zip file, or damaged");
  const other = wheelOf({ name: "mlir_aie", version: "21.0.0", entries: [clang] });
  await expect(unpack(other)).rejects.toThrow("no llvm_aie-21.0.0.dist-info/RECORD in it");
});

test("a flipped byte inside a file is refused", async () => {
  const whole = made([{ name: "llvm-aie/a", content: "abcdefgh".repeat(64) }]);
  whole[45] = (whole[45] ?? 0) ^ 0xff;

  await expect(unpack(whole)).rejects.toMatchObject({ code: "format" });
});

test("Ctrl-C stops between two files", async () => {
  const path = join(root, wheel.file);
  await writeFile(path, made([clang, { name: "llvm-aie/b", content: "b" }]));
  const stop = new AbortController();
  const onProgress = () => stop.abort();

  await expect(unpackWheel({ path, wheel, folder, signal: stop.signal, onProgress })).rejects.toMatchObject({
    code: "aborted",
  });
});

test("150 wheels with damaged bytes: each is refused as a format error or unpacks to what RECORD says, all inside", async () => {
  const whole = made([clang, { name: "llvm-aie/lib/a", content: "abcdefgh".repeat(32) }, link("llvm-aie/lib/b", "a")]);
  // A fixed generator, so that a failure comes again. Source: Numerical Recipes, ranqd1.
  let state = 20261129;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
  let refused = 0;
  for (let i = 0; i < 150; i++) {
    const damaged = Buffer.from(whole);
    for (let n = next(4) + 1; n > 0; n--) damaged[next(damaged.length)] = next(256);
    const outcome = await unpack(damaged).catch((error: unknown) => error);
    if (outcome instanceof Error) {
      expect(outcome, outcome.stack ?? "").toMatchObject({ code: "format" });
      refused++;
    }
    await rm(folder, { recursive: true });
    await mkdir(folder);
  }

  expect(refused).toBeGreaterThan(75);
  expect((await readdir(root)).sort()).toEqual(["into", wheel.file]);
});
