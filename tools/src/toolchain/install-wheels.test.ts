import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findTool } from "./find-tools.ts";
import { file, InstallBench, locked, name, version, wheel } from "./install-bench.test-support.ts";
import { type InstallEvent, type InstallRequest, installWheels } from "./install-wheels.ts";
import { installedPackages } from "./installed-packages.ts";
import { sha256Of, wheelOf } from "./wheel.test-support.ts";

let bench: InstallBench;
beforeEach(async () => {
  bench = await InstallBench.open();
});
afterEach(() => bench.close());

test("a wheel is downloaded, verified, unpacked and found by the build with its version", async () => {
  const url = bench.server.put(file, wheel);
  const [result] = await installWheels(bench.request([locked([url])]));

  expect(result).toMatchObject({
    unchanged: false,
    folder: join(bench.toolchain, name, version),
    receipt: { trust: "lock", sha256: sha256Of(wheel), source: url, files: 4 },
  });
  const tool = await findTool("llc", { env: {}, systemRoot: bench.root, toolchainFolder: bench.toolchain });
  expect(tool).toMatchObject({ version, path: join(bench.toolchain, name, version, "llvm-aie/bin/llc") });
  expect(bench.kinds()).toEqual(["download", "verify", "unpack"]);
  expect(await bench.leftovers()).toEqual([]);
});

test("what is installed is not downloaded again, unless forced", async () => {
  const wheels = [locked([bench.server.put(file, wheel)])];
  await installWheels(bench.request(wheels));
  const [again] = await installWheels(bench.request(wheels));
  expect(again?.unchanged).toBe(true);
  expect(bench.server.requests).toHaveLength(1);

  const [forced] = await installWheels(bench.request(wheels, { force: true }));
  expect(forced?.unchanged).toBe(false);
  expect(bench.server.requests).toHaveLength(2);
});

test("another file than the lock's is refused with both hashes, and nothing of it stays", async () => {
  const url = bench.server.put(file, wheel);
  const wrong = "0".repeat(64);

  await expect(installWheels(bench.request([locked([url], wrong)]))).rejects.toMatchObject({
    code: "format",
    message: `${file}: expected SHA-256 ${wrong} (the lock), got ${sha256Of(wheel)} from ${url}`,
  });
  expect(await installedPackages(bench.toolchain)).toEqual([]);
  expect(await bench.leftovers()).toEqual([]);
});

test("a wheel without a hash is refused before it is downloaded, taken with one, or believed once and then held to it", async () => {
  const url = bench.server.put(file, wheel);
  const wheels = [locked([url], null)];
  await expect(installWheels(bench.request(wheels))).rejects.toMatchObject({
    code: "usage",
    message: expect.stringContaining("not published"),
    hint: expect.stringContaining("--trust-first-use"),
  });
  expect(bench.server.requests).toEqual([]);

  await expect(installWheels(bench.request(wheels, { given: ["1".repeat(64)] }))).rejects.toThrow("(--sha256)");
  const [given] = await installWheels(bench.request(wheels, { given: [sha256Of(wheel)] }));
  expect(given?.receipt.trust).toBe("given");

  const [believed] = await installWheels(bench.request(wheels, { trustFirstUse: true, force: true }));
  expect(believed?.receipt.trust).toBe("first use");
  const other = wheelOf({ name, version, entries: [] });
  bench.server.put(file, other);
  await expect(installWheels(bench.request(wheels, { trustFirstUse: true, force: true }))).rejects.toThrow(
    `expected SHA-256 ${sha256Of(wheel)} (the first time it was installed)`,
  );
  expect((await installedPackages(bench.toolchain))[0]?.receipt.sha256).toBe(sha256Of(wheel));
});

test("a wheel given by path is verified the same way and left where it is", async () => {
  const path = join(bench.root, file);
  await writeFile(path, wheel);

  const [result] = await installWheels(bench.request([locked([])], { wheels: [path] }));

  expect(result?.receipt).toMatchObject({ source: path, trust: "lock" });
  expect(await readFile(path)).toEqual(wheel);
});

const soon = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms / 20));

test("two installations that begin together both end with the whole package", async () => {
  const wheels = [locked([bench.server.put(file, wheel)])];

  const results = await Promise.all([1, 2].map(() => installWheels(bench.request(wheels, { pause: soon }))));

  expect(results.map(([result]) => result?.receipt.sha256)).toEqual([sha256Of(wheel), sha256Of(wheel)]);
  expect(await bench.leftovers()).toEqual([]);
});

test("an installation waits for another one's download in place of downloading too", async () => {
  const url = bench.server.put(file, wheel, [{ kind: "stall", afterBytes: 10 }, { kind: "serve" }]);
  const begin = (kind: InstallEvent["kind"], changes: Partial<InstallRequest>) => {
    const seen = new AbortController();
    const onEvent = (event: InstallEvent): void => {
      bench.see(event);
      if (event.kind === kind) seen.abort();
    };
    const until = new Promise((resolve) => seen.signal.addEventListener("abort", resolve));
    return { run: installWheels(bench.request([locked([url])], { ...changes, onEvent })), until };
  };
  const first = begin("download", { stallMs: 60_000 });
  await first.until;
  const second = begin("wait", { pause: soon });
  await second.until;
  bench.server.dropAll();

  expect((await Promise.all([first.run, second.run])).map(([result]) => result?.unchanged)).toEqual([false, true]);
  expect(bench.server.requests.map(({ range }) => range)).toEqual([undefined, "bytes=10-"]);
});

test("less free space than the download, or than the unpacked wheel, is refused with the size", async () => {
  const wheels = [locked([bench.server.put(file, wheel)])];
  await expect(installWheels(bench.request(wheels, { freeBytes: async () => 100_000 }))).rejects.toMatchObject({
    message: `${bench.toolchain}: needs 1 MB, 1 MB are free`,
    hint: expect.stringContaining("AIEKIT_TOOLCHAIN"),
  });

  let asked = 0;
  const freeBytes = async () => (asked++ === 0 ? 1e12 : 1000);
  await expect(installWheels(bench.request(wheels, { freeBytes }))).rejects.toThrow("needs 1 MB");
  expect((await bench.leftovers()).filter((path) => path.includes(".tmp"))).toEqual([]);
});

test("a disk that becomes full while writing is said to be full", async ({ skip }) => {
  skip(process.platform !== "linux", "no /dev/full on this system");
  const downloads = join(bench.root, "toolchain/.downloads");
  await mkdir(downloads, { recursive: true });
  await symlink("/dev/full", join(downloads, `${file}@0-1-1.part`));

  await expect(installWheels(bench.request([locked([bench.server.put(file, wheel)])]))).rejects.toMatchObject({
    message: `${bench.toolchain}: the disk became full`,
    hint: expect.stringContaining("make room"),
  });
});

test("Ctrl-C while unpacking leaves the installed version as it was", async () => {
  const wheels = [locked([bench.server.put(file, wheel)])];
  await installWheels(bench.request(wheels));
  const stop = new AbortController();
  const onEvent = (event: InstallEvent): void => {
    if (event.kind === "unpack") stop.abort();
  };

  await expect(
    installWheels(bench.request(wheels, { force: true, signal: stop.signal, onEvent })),
  ).rejects.toMatchObject({
    code: "aborted",
  });
  expect((await installedPackages(bench.toolchain))[0]).toMatchObject({ current: true, receipt: { version } });
  expect((await bench.leftovers()).filter((path) => path.includes(".tmp"))).toEqual([]);
});

test("what a killed installation left is removed by the next", async () => {
  const abandoned = join(bench.toolchain, name, `.${version}.999999999-0.tmp`);
  await mkdir(join(abandoned, "llvm-aie"), { recursive: true });

  await installWheels(bench.request([locked([bench.server.put(file, wheel)])]));

  expect(await bench.leftovers()).toEqual([]);
});

test.each([
  [{ platform: "linux", arch: "arm64", glibc: "2.36" }, "for Linux x86_64, this is linux arm64"],
  [{ platform: "darwin", arch: "x64", glibc: undefined }, "for Linux x86_64, this is darwin x64"],
  [{ platform: "linux", arch: "x64", glibc: "2.26" }, "needs glibc 2.27, this system has 2.26"],
  [{ platform: "linux", arch: "x64", glibc: undefined }, "needs glibc 2.27, this system has another C library"],
])("on %o the wheel is refused before it is downloaded", async (host, problem) => {
  const url = bench.server.put(file, wheel);

  await expect(installWheels(bench.request([locked([url])], { host }))).rejects.toThrow(problem);
  expect(bench.server.requests).toEqual([]);
});

test("a version outside the drivers' range is installed and said to be outside", async () => {
  const path = join(bench.root, file.replaceAll("21.0.0", "18.0.0"));
  await writeFile(path, wheelOf({ name, version: version.replace("21", "18"), entries: [] }));

  await installWheels(bench.request([locked([])], { wheels: [path], trustFirstUse: true }));

  expect(bench.events).toContainEqual(
    expect.objectContaining({ kind: "outside range", expected: "19.0.0 or newer, before 23.0.0" }),
  );
});

test("an unknown package, and a file that is no wheel, are refused before any work", async () => {
  await expect(installWheels(bench.request([locked([])], { packages: ["llvm"] }))).rejects.toThrow(
    "expected one of llvm_aie",
  );
  await expect(
    installWheels(bench.request([locked([])], { wheels: [join(bench.root, file)], trustFirstUse: true })),
  ).rejects.toThrow("not a file that can be read");
  await expect(installWheels(bench.request([locked([])], { wheels: ["a.zip"] }))).rejects.toThrow(
    "not the file name of a wheel",
  );
  await expect(
    installWheels(bench.request([locked([])], { wheels: ["numpy-2.0.0-py3-none-any.whl"] })),
  ).rejects.toThrow("a wheel of numpy");
});
