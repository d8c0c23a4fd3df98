import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mayCallDriverForSync } from "./sync-setting.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "aiekit-sync-setting-"));
});
afterAll(() => rm(root, { recursive: true }));

/** Folders with these files: `bin` is the program's, `here` the process's. */
async function places(files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  const folder = await mkdtemp(join(root, "case-"));
  for (const part of ["bin", "here", "named"]) await mkdir(join(folder, part));
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text);
  const absolute = Object.entries(env).map(([name, value]) => [name, value.replace("@", folder)]);
  return { program: join(folder, "bin/node"), folder: join(folder, "here"), env: Object.fromEntries(absolute) };
}

const forced = "[Debug]\nforce_driver_sync=true\n";

test("no settings, or settings about other things: a sync flushes caches", async () => {
  expect(mayCallDriverForSync(await places({}))).toBe(false);
  expect(mayCallDriverForSync(await places({ "bin/xrt.ini": "[Runtime]\nverbosity=3\n" }))).toBe(false);
  expect(mayCallDriverForSync(await places({ "bin/xrt.ini": "[Debug]\nforce_driver_sync=false\n" }))).toBe(false);
  expect(mayCallDriverForSync(await places({ "bin/xrt.ini": "[Debug]\n;force_driver_sync=true\n" }))).toBe(false);
});

test.each(["bin/xrt.ini", "bin/sdaccel.ini", "here/xrt.ini", "here/sdaccel.ini"])(
  "%s can make it a call of the driver",
  async (path) => {
    expect(mayCallDriverForSync(await places({ [path]: forced }))).toBe(true);
    expect(mayCallDriverForSync(await places({ [path]: "[Debug]\r\n  force_driver_sync = true\r\n" }))).toBe(true);
  },
);

test("a file that XRT_INI_PATH names, and the variable of the setting itself, which goes before every file", async () => {
  expect(mayCallDriverForSync(await places({ "named/x.ini": forced }, { XRT_INI_PATH: "@/named/x.ini" }))).toBe(true);
  expect(mayCallDriverForSync(await places({}, { XRT_INI_PATH: "@/named/missing.ini" }))).toBe(false);
  expect(mayCallDriverForSync(await places({}, { "Debug.force_driver_sync": "true" }))).toBe(true);
  expect(mayCallDriverForSync(await places({ "bin/xrt.ini": forced }, { "Debug.force_driver_sync": "false" }))).toBe(
    false,
  );
});
