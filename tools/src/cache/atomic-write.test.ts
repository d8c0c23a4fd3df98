import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { replaceFolder, writeFileAtomic } from "./atomic-write.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-write-"));
});
afterEach(() => rm(folder, { recursive: true }));

const contents = async (path: string): Promise<Record<string, string>> => {
  const names = await readdir(path);
  return Object.fromEntries(await Promise.all(names.map(async (n) => [n, await readFile(join(path, n), "utf8")])));
};

test("a file is replaced and nothing else is left in its folder", async () => {
  await writeFileAtomic(join(folder, "a"), "old");
  await writeFileAtomic(join(folder, "a"), "new");

  expect(await contents(folder)).toEqual({ a: "new" });
});

test("a write that fails leaves the folder as it was", async () => {
  await mkdir(join(folder, "taken"));

  await expect(writeFileAtomic(join(folder, "taken"), "new")).rejects.toThrow();

  expect(await readdir(folder)).toEqual(["taken"]);
});

test("a reader never sees part of a file", async () => {
  const path = join(folder, "a");
  const size = 4 << 20;
  await writeFileAtomic(path, new Uint8Array(size).fill(1));
  let writing = true;
  const writes = (async () => {
    for (const value of [2, 3, 4]) await writeFileAtomic(path, new Uint8Array(size).fill(value));
    writing = false;
  })();
  while (writing) {
    const bytes = await readFile(path);
    expect([bytes.length, bytes[0]]).toEqual([size, bytes[size - 1]]);
  }
  await writes;
});

test("a replaced folder holds the new files only, in folders of their own", async () => {
  const target = join(folder, "mel");
  await replaceFolder(target, new Map([["gone.txt", "old"]]));
  await replaceFolder(
    target,
    new Map<string, string | Uint8Array>([
      ["manifest.json", "{}"],
      ["insts/frames_16.bin", new Uint8Array([65])],
    ]),
  );

  expect(await readdir(folder)).toEqual(["mel"]);
  expect((await readdir(target)).sort()).toEqual(["insts", "manifest.json"]);
  expect(await readFile(join(target, "insts/frames_16.bin"), "utf8")).toBe("A");
});

test("a folder whose files cannot all be written stays as it was", async () => {
  const target = join(folder, "mel");
  await replaceFolder(target, new Map([["manifest.json", "old"]]));
  const impossible = new Map([
    ["manifest.json", "new"],
    ["manifest.json/below", "a file is no folder"],
  ]);

  await expect(replaceFolder(target, impossible)).rejects.toThrow();

  expect(await contents(target)).toEqual({ "manifest.json": "old" });
  expect(await readdir(folder)).toEqual(["mel"]);
});

test("two replacements at once leave one of the two, whole", async () => {
  const target = join(folder, "mel");
  const files = (text: string) => new Map(["a", "b", "c"].map((name) => [name, text]));

  await Promise.all([replaceFolder(target, files("1")), replaceFolder(target, files("2"))]);

  expect(new Set(Object.values(await contents(target))).size).toBe(1);
  expect(await readdir(folder)).toEqual(["mel"]);
});

test("what a killed build left is removed by the next, what a running one has is not", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  const dead = `.mel.${child.pid}-0.tmp`;
  const alive = `.mel.${process.ppid}-0.tmp`;
  for (const name of [dead, alive]) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, "part"), "");
  }

  await replaceFolder(join(folder, "mel"), new Map([["a", ""]]));

  expect((await readdir(folder)).sort()).toEqual([alive, "mel"]);
});
