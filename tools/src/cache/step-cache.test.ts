import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sha256 } from "./sha256.ts";
import { openStepCache } from "./step-cache.ts";

const key = sha256("a step");
const outputs = new Map([
  ["mel.o", new Uint8Array([1, 10, 3])],
  ["log", new Uint8Array()],
]);
let folder: string;
let entry: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-cache-"));
  entry = join(folder, key.slice(0, 2), key);
  await openStepCache(folder).save(key, outputs);
});
afterEach(() => rm(folder, { recursive: true }));

let told: string[];
beforeEach(() => {
  told = [];
});

const load = async (): Promise<[string, number[]][] | undefined> => {
  const found = await openStepCache(folder, { onDamaged: (what) => told.push(what) }).load(key);
  return found && [...found].map(([name, bytes]) => [name, [...bytes]]);
};

test("a result comes back with names, order and bytes", async () => {
  expect(await load()).toEqual([
    ["mel.o", [1, 10, 3]],
    ["log", []],
  ]);
});

test("a key that was never saved is a miss", async () => {
  const other = openStepCache(folder, { onDamaged: (what) => told.push(what) }).load(sha256("another step"));

  expect(await other).toBeUndefined();
  expect(told).toEqual([]);
});

test("an entry with any one byte changed is a miss, told with both hashes, and removed", async () => {
  const good = await readFile(entry);
  for (const at of good.keys()) {
    const bad = Uint8Array.from(good);
    bad[at]! ^= 1;
    await writeFile(entry, bad);

    expect(await load(), `byte ${at} of ${good.length}`).toBeUndefined();
    expect(await readdir(join(folder, key.slice(0, 2)))).toEqual([]);
    expect(told.splice(0)).toEqual([
      expect.stringMatching(/: expected sha256 ".{64}" .*, got [0-9a-f]{64} of the rest/s),
    ]);
  }
});

test("an entry cut off anywhere, or with bytes after its end, is a miss", async () => {
  const good = await readFile(entry);
  for (const length of good.keys()) {
    await writeFile(entry, good.subarray(0, length));
    expect(await load(), `${length} of ${good.length} bytes`).toBeUndefined();
  }
  await writeFile(entry, Buffer.concat([good, good.subarray(0, 1)]));
  expect(await load()).toBeUndefined();
});

test("an entry under the wrong key is a miss", async () => {
  const other = sha256("another step");
  await openStepCache(folder).save(other, outputs);
  await writeFile(entry, await readFile(join(folder, other.slice(0, 2), other)));

  expect(await load()).toBeUndefined();
  expect(told).toEqual([expect.stringContaining("the entry is that of another step")]);
});
