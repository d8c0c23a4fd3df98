import { appendFile, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { installWheels } from "./install-wheels.ts";
import { type InstalledPackage, installedPackages } from "./installed-packages.ts";
import { removePackages } from "./remove-packages.ts";
import { verifyPackage } from "./verify-package.ts";
import { wheelOf } from "./wheel.test-support.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "aiekit-verify-"));
});
afterEach(() => rm(root, { recursive: true }));

async function install(version: string): Promise<InstalledPackage> {
  const path = join(root, `llvm_aie-${version}-py3-none-any.whl`);
  const entries = [
    { name: "llvm-aie/bin/llc", content: "llc", mode: 0o100755 },
    { name: "llvm-aie/lib/libc.a", content: "!<arch>\n" },
  ];
  await writeFile(path, wheelOf({ name: "llvm_aie", version, entries }));
  await installWheels({
    lock: { wheels: [], others: [], debian: [] },
    root: join(root, "toolchain"),
    packages: [],
    wheels: [path],
    given: [],
    trustFirstUse: true,
    force: false,
    host: { platform: "linux", arch: "x64", glibc: "2.36" },
    env: {},
    freeBytes: async () => 1e12,
  });
  const found = (await installedPackages(join(root, "toolchain"))).find(({ receipt }) => receipt.version === version);
  if (found === undefined) throw new Error(`${version} was not installed`);
  return found;
}

test("a package as it was installed has no problems", async () => {
  expect(await verifyPackage(await install("21.0.0"))).toMatchObject({ files: 3, problems: new Map() });
});

test("changed, missing, linked and added files are found by name", async () => {
  const installed = await install("21.0.0");
  await appendFile(join(installed.folder, "llvm-aie/bin/llc"), "x");
  await rm(join(installed.folder, "llvm-aie/lib/libc.a"));
  await symlink("/bin/true", join(installed.folder, "llvm-aie/lib/libc.a"));
  await rm(join(installed.folder, "llvm_aie-21.0.0.dist-info/METADATA"));
  await writeFile(join(installed.folder, "llvm-aie/bin/extra"), "");

  const { problems } = await verifyPackage(installed);

  expect(Object.fromEntries(problems)).toEqual({
    "llvm-aie/bin/llc": "changed",
    "llvm-aie/lib/libc.a": "changed",
    "llvm_aie-21.0.0.dist-info/METADATA": "missing",
    "llvm-aie/bin/extra": "not from the wheel",
  });
});

test("the version installed last is used; removing it leads back to the one before, removing both to none", async () => {
  const toolchain = join(root, "toolchain");
  await install("21.0.0");
  await install("22.0.0");
  expect(await readFile(join(toolchain, "llvm_aie/current"), "utf8")).toBe("22.0.0\n");

  await removePackages({ root: toolchain, names: ["llvm_aie@22.0.0"], downloads: false });
  expect(await installedPackages(toolchain)).toMatchObject([{ current: true, receipt: { version: "21.0.0" } }]);

  await removePackages({ root: toolchain, names: [], downloads: false });
  expect(await installedPackages(toolchain)).toEqual([]);
  await expect(removePackages({ root: toolchain, names: ["llvm_aie"], downloads: false })).rejects.toThrow(
    "llvm_aie: not installed",
  );
});
