import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { findProject } from "../build/project.ts";
import { toolNames } from "./find-tools.ts";
import { lockFile, parseToolchainLock, readToolchainLock } from "./toolchain-lock.ts";
import { compareVersions, isWithin } from "./versions.ts";
import { parseWheelName, wheelPackages } from "./wheel-name.ts";

const { root } = findProject();
const lock = readToolchainLock(root);
const text = readFileSync(join(root, lockFile), "utf8");
const all = [...lock.wheels, ...lock.others];

test("the lock pins both wheels, bootgen, XRT and the npm compiler, each with its licence, inside its own range", () => {
  expect(lock.wheels.map(({ name }) => name)).toEqual([...wheelPackages]);
  expect(lock.others.map(({ name }) => name)).toEqual(["bootgen", "xrt", "@yowasp/clang"]);
  for (const { name, version, supported, licence } of all) {
    expect(isWithin(version, supported), name).toBe(true);
    expect(licence, name).toMatch(/Apache-2\.0|MIT|ISC/);
  }
});

test("the programs of the wheels are those that the search knows", () => {
  const known: readonly string[] = Object.values(toolNames).flat();

  for (const { programs } of lock.wheels) for (const program of programs) expect(known).toContain(program);
});

test("the wheels are of the versions and packages they are listed under", () => {
  for (const { file, name, version } of lock.wheels) expect(parseWheelName(file)).toMatchObject({ name, version });
});

test("the npm compiler's version and hash are those of pnpm-lock.yaml and of the package that uses it", () => {
  const clang = lock.others.find(({ name }) => name === "@yowasp/clang");
  const packages = readFileSync(join(root, "pnpm-lock.yaml"), "utf8");
  const used = JSON.parse(readFileSync(join(root, "packages/wasm-clang/package.json"), "utf8"));

  expect(used.dependencies["@yowasp/clang"]).toBe(clang?.version);
  expect(packages).toContain(`'@yowasp/clang@${clang?.version}':\n    resolution: {integrity: ${clang?.integrity}}`);
});

test("every package that the scripts get from Debian is pinned, and no other", () => {
  const scripts = ["scripts/get-xrt.mjs", "scripts/get-packaging-tools.mjs"].map((path) =>
    readFileSync(join(root, path), "utf8"),
  );
  const lists = scripts.map((script) => /const packages = \[(.*?)\n\];/s.exec(script)![1]!);
  const named = lists.flatMap((list) => [...list.matchAll(/["`]([a-z0-9+.-]{4,})["`/]/g)].map((match) => match[1]!));

  expect(new Set(named).size).toBeGreaterThan(20);
  expect(lock.debian.map(({ name }) => name).sort()).toEqual([...new Set(named)].sort());
});

test("a package of Debian with other bytes under its version is refused; another version, and one that is not pinned, are told", async () => {
  const { differencesFromLock } = await import(pathToFileURL(join(root, "scripts/debian-packages.mjs")).href);
  const [pinned] = lock.debian;

  expect(differencesFromLock(lock.debian)).toEqual([]);
  expect(() => differencesFromLock([{ ...pinned, sha256: "0".repeat(64) }])).toThrow(
    `${pinned!.name} ${pinned!.version}: expected sha256 ${pinned!.sha256} (tools/toolchain.lock.json), got 000`,
  );
  expect(differencesFromLock([{ ...pinned, version: "99" }])).toEqual([
    `${pinned!.name}: tools/toolchain.lock.json has ${pinned!.version}, Debian gives 99`,
  ]);
  expect(differencesFromLock([{ ...pinned, name: "other" }])).toEqual([expect.stringMatching(/^other .*: not in/)]);
});

test("the range of mlir_aie is the drivers': from the oldest release they support to the first they do not", async ({
  skip,
}) => {
  const table = fileURLToPath(new URL("./mlir-aie-releases.ts", import.meta.url));
  skip(!existsSync(table), "the drivers' table of mlir-aie releases is not in this checkout");
  const { mlirAieReleases } = (await import(table)) as {
    readonly mlirAieReleases: readonly { readonly id: string; readonly supported: boolean }[];
  };
  const numbered = mlirAieReleases.filter(({ id }) => id.startsWith("v")).sort((a, b) => compareVersions(a.id, b.id));
  const first = numbered.find(({ supported }) => supported);
  const after = numbered.find(({ supported, id }) => !supported && compareVersions(id, first?.id ?? "") > 0);
  const range = lock.wheels.find(({ name }) => name === "mlir_aie")?.supported;

  expect(compareVersions(range?.from ?? "", first?.id ?? "")).toBe(0);
  expect(compareVersions(range?.before ?? "", after?.id ?? "")).toBe(0);
});

const changed = (edit: (json: Record<string, unknown> & { wheels: Record<string, unknown>[] }) => void): string => {
  const json = JSON.parse(text);
  edit(json);
  return JSON.stringify(json);
};

test.each([
  ["an unknown field", (w: Record<string, unknown>) => Object.assign(w, { sha265: "" }), "unknown field sha265"],
  ["no hash and no reason", (w: Record<string, unknown>) => Object.assign(w, { sha256: null }), "sha256Reason"],
  [
    "a hash of 63 digits",
    (w: Record<string, unknown>) => Object.assign(w, { sha256: "0".repeat(63) }),
    "wheels[0]: sha256",
  ],
  [
    "an address without TLS",
    (w: Record<string, unknown>) => Object.assign(w, { urls: [`http://a/${w.file}`] }),
    "urls",
  ],
  [
    "an address of another file",
    (w: Record<string, unknown>) => Object.assign(w, { urls: ["https://a/b.whl"] }),
    "urls",
  ],
  ["another version in the file name", (w: Record<string, unknown>) => Object.assign(w, { version: "1.3.3" }), "file"],
  [
    "a range without a beginning",
    (w: Record<string, unknown>) => Object.assign(w, { supported: { before: "2" } }),
    "supported: from",
  ],
] as const)("a lock with %s is refused, and the field named", (_, edit, field) => {
  const broken = changed((json) => {
    const wheel = json.wheels[0];
    if (wheel) edit(wheel);
  });

  expect(() => parseToolchainLock(broken)).toThrow(field);
});

test("a lock that is no JSON, of another schema, or lists a package twice is refused", () => {
  expect(() => parseToolchainLock("{")).toThrow("not JSON");
  expect(() => parseToolchainLock(changed((json) => Object.assign(json, { schema: 2 })))).toThrow(
    "schema: expected 1, got 2",
  );
  expect(() =>
    parseToolchainLock(changed((json) => json.wheels.push(json.wheels[0] as Record<string, unknown>))),
  ).toThrow("mlir_aie is listed twice");
});

test.each([
  ["1.3.4", "1.3.10", -1],
  ["1.3.2.dev115+g2401e53", "1.3.2", -1],
  ["1.3.2.dev115+g2401e53", "1.3.1", 1],
  ["21.0.0.2026080301+c9c5ecb7", "21.0.0.2026070501+a9e2c148", 1],
  ["v1.4", "1.4.0", 0],
] as const)("%s compared with %s is %d", (a, b, order) => {
  expect(compareVersions(a, b)).toBe(order);
  expect(compareVersions(b, a)).toBe(order === 0 ? 0 : -order);
});
