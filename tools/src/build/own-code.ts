import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ToolMissingError } from "@aiekit/core";
import { sha256 } from "../cache/sha256.ts";

/** Packages whose code decides what a build makes. */
const packages = ["aie-api", "core", "mlir", "tools", "wasm-clang", "xclbin"] as const;

let memo: Promise<string> | undefined;

/**
 * Version of the build's own code, designs and lowering included: the package version and a hash of every module's
 * text, for example `0.1.0+5c2a91d0f3be`. An edit of a design or of the lowering makes earlier builds stale through it.
 */
export function ownCodeVersion(): Promise<string> {
  memo ??= readOwnCode();
  return memo;
}

async function readOwnCode(): Promise<string> {
  const code = codeFolder(import.meta.dirname);
  const folders = packages.map((name) => join(installedPackageFolder(name), basename(code)));
  const hashes = folders.map(hashModules);
  const { version } = JSON.parse(await readFile(join(dirname(code), "package.json"), "utf8")) as { version: string };
  return `${version}+${sha256(hashes.join("\n")).slice(0, 12)}`;
}

/** Folder of one of the packages above, found as Node finds packages: in node_modules here and above. */
export function installedPackageFolder(name: (typeof packages)[number]): string {
  const own = dirname(codeFolder(import.meta.dirname));
  if (name === "tools") return own;
  for (let folder = own; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", "@aiekit", name);
    if (existsSync(candidate)) return candidate;
  }
  throw new ToolMissingError(`@aiekit/${name} is not installed: not in node_modules of ${own} or above`, {
    hint: "pnpm install --frozen-lockfile",
  });
}

/** `src` or `dist` of this package: whichever this module was loaded from, all packages were. */
function codeFolder(folder: string): string {
  return ["src", "dist"].includes(basename(folder)) ? folder : codeFolder(dirname(folder));
}

/** Reads synchronously: for hundreds of small files that takes less than half of the CPU time. */
function hashModules(folder: string): string {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const modules = names.filter((name) => /(?<!\.d|\.test)\.(ts|js)$/.test(name) && !/\.test\.js$/.test(name)).sort();
  const texts = modules.map((name) => readFileSync(join(folder, name)));
  const hash = createHash("sha256");
  modules.forEach((name, i) => {
    hash.update(`${name}\n${texts[i]!.byteLength}\n`).update(texts[i]!);
  });
  return hash.digest("hex");
}
