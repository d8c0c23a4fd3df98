import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { installedPackageFolder, ownCodeVersion } from "./own-code.ts";

test("the version is the package's and twelve digits of a hash", async () => {
  expect(await ownCodeVersion()).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{12}$/);
});

test("every package whose code builds is found with its package.json", () => {
  for (const name of ["aie-api", "core", "mlir", "tools", "wasm-clang", "xclbin"] as const) {
    expect(existsSync(join(installedPackageFolder(name), "package.json")), name).toBe(true);
  }
});
