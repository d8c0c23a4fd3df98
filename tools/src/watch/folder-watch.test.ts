import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FolderWatch, watchFolders } from "./folder-watch.ts";

const debounceMs = 100;
let folder: string;
let watched: FolderWatch;
let changes: number;
let notify: () => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-watch-"));
  await mkdir(join(folder, "mel"));
  await writeFile(join(folder, "mel/mel.cc"), "old");
  changes = 0;
  notify = () => {};
  const onChange = (): void => {
    changes++;
    notify();
  };
  watched = await watchFolders([folder], { debounceMs, onChange });
});
afterEach(async () => {
  watched.close();
  await rm(folder, { recursive: true });
});

/** Waits for one more call of onChange than there were. */
const nextChange = (): Promise<void> =>
  new Promise((resolve) => {
    notify = resolve;
  });

test("a file written in place is a change", async () => {
  const change = nextChange();
  await writeFile(join(folder, "mel/mel.cc"), "new");

  await change;
});

test("a file that is written beside and renamed over the old one is a change, again and again", async () => {
  for (const round of [1, 2, 3]) {
    const change = nextChange();
    await writeFile(join(folder, "mel/.mel.cc.swp"), `round ${round}`);
    await rename(join(folder, "mel/.mel.cc.swp"), join(folder, "mel/mel.cc"));
    await change;
  }
});

test("writes close together are one change", async () => {
  const change = nextChange();
  for (const text of ["a", "b", "c", "d"]) await writeFile(join(folder, "mel/mel.cc"), text);

  await change;
  // Nothing happens when all is well: the wait is as long as a second call would take to come.
  await new Promise((resolve) => setTimeout(resolve, debounceMs));
  expect(changes).toBe(1);
});

test("a file in a folder that was made during the watch is a change", async () => {
  const made = nextChange();
  await mkdir(join(folder, "fft"));
  await made;

  const change = nextChange();
  await writeFile(join(folder, "fft/fft.cc"), "");
  await change;
});

test("a folder may go and come back", async () => {
  let change = nextChange();
  await rm(join(folder, "mel"), { recursive: true });
  await change;
  change = nextChange();
  await mkdir(join(folder, "mel"));
  await change;

  change = nextChange();
  await writeFile(join(folder, "mel/mel.cc"), "again");
  await change;
});
