import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pruneStepCache } from "./prune-step-cache.ts";
import { sha256 } from "./sha256.ts";
import { openStepCache } from "./step-cache.ts";

let folder: string;
const keys = ["a", "b", "c"].map(sha256);

/** Three results of about 1 kB, used in the years 2001, 2002 and 2003. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-prune-"));
  for (const [i, key] of keys.entries()) {
    await openStepCache(folder).save(key, new Map([["out", new Uint8Array(1000)]]));
    const used = new Date(`${2001 + i}-01-01`);
    await utimes(join(folder, key.slice(0, 2), key), used, used);
  }
});
afterEach(() => rm(folder, { recursive: true }));

const present = async (): Promise<boolean[]> => {
  const names = await readdir(folder, { recursive: true });
  return keys.map((key) => names.some((name) => name.endsWith(key)));
};

test("results are removed in the order of their last use, until the rest fits", async () => {
  await pruneStepCache(folder, 2500);

  expect(await present()).toEqual([false, true, true]);
});

test("a result that was just used stays longest", async () => {
  await openStepCache(folder).load(keys[0]!);
  await pruneStepCache(folder, 2500);

  expect(await present()).toEqual([true, false, true]);
});

test("a cache that fits is left alone", async () => {
  await pruneStepCache(folder, 10_000);

  expect(await present()).toEqual([true, true, true]);
});
