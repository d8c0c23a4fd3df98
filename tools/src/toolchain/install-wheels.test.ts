import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findTool } from "./find-tools.ts";
import { type InstallEvent, type InstallRequest, installWheels } from "./install-wheels.ts";
import { installedPackages } from "./installed-packages.ts";
import type { LockedWheel } from "./toolchain-lock.ts";
import { sha256Of, wheelOf } from "./wheel.test-support.ts";
import { WheelServer } from "./wheel-server.test-support.ts";

const name = "llvm_aie";
const version = "21.0.0.2026080301+c9c5ecb7";
const file = `${name}-${version}-py3-none-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl`;
// Random bytes do not deflate, so that a connection can be cut in the middle of them.
const wheel = wheelOf({
  name,
  version,
  entries: [
    { name: "llvm-aie/bin/llc", content: "#!/bin/sh\n", mode: 0o100755 },
    { name: "llvm-aie/lib/data", content: randomBytes(200_000) },
  ],
});

let root: string;
let server: WheelServer;
let events: InstallEvent[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "aiekit-install-"));
  server = await WheelServer.open();
  events = [];
});
afterEach(async () => {
  await server.close();
  await rm(root, { recursive: true });
});

function locked(urls: readonly string[], sha256: string | null = sha256Of(wheel)): LockedWheel {
  const hash = sha256 === null ? { sha256, sha256Reason: "not published" } : { sha256, sha256From: "the test" };
  return {
    name,
    version,
    supported: { from: "19.0.0", before: "23.0.0" },
    licence: "Apache-2.0",
    project: "https://example.org",
    releases: "https://example.org/releases",
    programs: ["llc"],
    file,
    urls,
    ...hash,
  };
}

function request(wheels: readonly LockedWheel[], changes: Partial<InstallRequest> = {}): InstallRequest {
  return {
    lock: { wheels, others: [] },
    root: join(root, "toolchain"),
    packages: [],
    wheels: [],
    given: [],
    trustFirstUse: false,
    force: false,
    host: { platform: "linux", arch: "x64", glibc: "2.36" },
    env: {},
    freeBytes: async () => 1e12,
    pause: async () => {},
    stallMs: 2000,
    onEvent: (event) => {
      events.push(event);
      if (event.kind === "download") server.receivedBytes = event.doneBytes;
    },
    ...changes,
  };
}

const kinds = (): readonly string[] => [...new Set(events.map(({ kind }) => kind))];
/** Everything in the private folder that is not an installed package. */
async function leftovers(): Promise<readonly string[]> {
  const names = await readdir(join(root, "toolchain"), { recursive: true }).catch(() => []);
  return names.filter((path) => /\.tmp|\.part|\.old/.test(path));
}

test("a wheel is downloaded, verified, unpacked and found by the build with its version", async () => {
  const url = server.put(file, wheel);
  const [result] = await installWheels(request([locked([url])]));

  expect(result).toMatchObject({
    unchanged: false,
    folder: join(root, "toolchain", name, version),
    receipt: { trust: "lock", sha256: sha256Of(wheel), source: url, files: 4 },
  });
  const tool = await findTool("llc", { env: {}, systemRoot: root, toolchainFolder: join(root, "toolchain") });
  expect(tool).toMatchObject({ version, path: join(root, "toolchain", name, version, "llvm-aie/bin/llc") });
  expect(kinds()).toEqual(["download", "verify", "unpack"]);
  expect(await leftovers()).toEqual([]);
});

test("what is installed is not downloaded again, unless forced", async () => {
  const wheels = [locked([server.put(file, wheel)])];
  await installWheels(request(wheels));
  const [again] = await installWheels(request(wheels));
  expect(again?.unchanged).toBe(true);
  expect(server.requests).toHaveLength(1);

  const [forced] = await installWheels(request(wheels, { force: true }));
  expect(forced?.unchanged).toBe(false);
  expect(server.requests).toHaveLength(2);
});

test("a connection cut twice is taken up where it stopped: each byte is sent once", async () => {
  const cuts = [{ kind: "cut", afterBytes: 50_000 } as const, { kind: "cut", afterBytes: 60_000 } as const];
  const url = server.put(file, wheel, [...cuts, { kind: "serve" }]);

  const [result] = await installWheels(request([locked([url])]));

  expect(result?.receipt.sha256).toBe(sha256Of(wheel));
  expect(server.requests.map(({ range }) => range)).toEqual([undefined, "bytes=50000-", "bytes=110000-"]);
});

test("a connection over which nothing comes any more counts as cut", async () => {
  const url = server.put(file, wheel, [{ kind: "stall", afterBytes: 1000 }, { kind: "serve" }]);

  const [result] = await installWheels(request([locked([url])], { stallMs: 300 }));

  expect(result?.receipt.sha256).toBe(sha256Of(wheel));
  expect(server.requests[1]?.range).toBe("bytes=1000-");
});

test("a server that is cut for good fails after 4 attempts without progress; the next run goes on from there", async () => {
  const cut = { kind: "cut", afterBytes: 0 } as const;
  const url = server.put(file, wheel, [{ kind: "cut", afterBytes: 70_000 }, cut]);
  await expect(installWheels(request([locked([url])]))).rejects.toMatchObject({
    message: expect.stringContaining("the connection was cut"),
    hint: expect.stringContaining("goes on where it stopped"),
  });
  expect(server.requests).toHaveLength(5);

  server.put(file, wheel);
  await installWheels(request([locked([url])]));
  expect(events.find(({ kind }) => kind === "resume")).toMatchObject({ doneBytes: 70_000 });
  expect(server.requests.at(-1)?.range).toBe("bytes=70000-");
  expect(await leftovers()).toEqual([]);
});

test("a server that ignores Range sends everything, and the file is right all the same", async () => {
  const url = server.put(file, wheel, [{ kind: "cut", afterBytes: 50_000 }, { kind: "whole" }]);

  const [result] = await installWheels(request([locked([url])]));

  expect(result?.receipt.sha256).toBe(sha256Of(wheel));
});

test("what an earlier run left of another file is thrown away and fetched anew", async () => {
  const downloads = join(root, "toolchain/.downloads");
  await mkdir(downloads, { recursive: true });
  await writeFile(join(downloads, `${file}@0-1-1.part`), randomBytes(40_000));
  const url = server.put(file, wheel);

  const [result] = await installWheels(request([locked([url])]));

  expect(result?.receipt.sha256).toBe(sha256Of(wheel));
  expect(server.requests.map(({ range }) => range)).toEqual(["bytes=40000-", undefined]);
});

test("another file than the lock's is refused with both hashes, and nothing of it stays", async () => {
  const url = server.put(file, wheel);
  const wrong = "0".repeat(64);

  await expect(installWheels(request([locked([url], wrong)]))).rejects.toMatchObject({
    code: "format",
    message: `${file}: expected SHA-256 ${wrong} (the lock), got ${sha256Of(wheel)} from ${url}`,
  });
  expect(await installedPackages(join(root, "toolchain"))).toEqual([]);
  expect(await leftovers()).toEqual([]);
});

test("a wheel without a hash is refused before it is downloaded, taken with one, or believed once and then held to it", async () => {
  const url = server.put(file, wheel);
  const wheels = [locked([url], null)];
  await expect(installWheels(request(wheels))).rejects.toMatchObject({
    code: "usage",
    message: expect.stringContaining("not published"),
    hint: expect.stringContaining("--trust-first-use"),
  });
  expect(server.requests).toEqual([]);

  await expect(installWheels(request(wheels, { given: ["1".repeat(64)] }))).rejects.toThrow("(--sha256)");
  const [given] = await installWheels(request(wheels, { given: [sha256Of(wheel)] }));
  expect(given?.receipt.trust).toBe("given");

  const [believed] = await installWheels(request(wheels, { trustFirstUse: true, force: true }));
  expect(believed?.receipt.trust).toBe("first use");
  const other = wheelOf({ name, version, entries: [] });
  server.put(file, other);
  await expect(installWheels(request(wheels, { trustFirstUse: true, force: true }))).rejects.toThrow(
    `expected SHA-256 ${sha256Of(wheel)} (the first time it was installed)`,
  );
  expect((await installedPackages(join(root, "toolchain")))[0]?.receipt.sha256).toBe(sha256Of(wheel));
});

test("404 goes on to the next address; when none has the file, the error says that old wheels are deleted", async () => {
  const gone = `${server.url}/gone/${file}`;
  const url = server.put(file, wheel);
  const [result] = await installWheels(request([locked([gone, url])]));
  expect(result?.receipt.source).toBe(url);

  await rm(join(root, "toolchain"), { recursive: true });
  await expect(installWheels(request([locked([gone])]))).rejects.toMatchObject({
    code: "tool",
    message: `download ${gone}: expected status 200, got 404`,
    hint: expect.stringContaining("--mirror URL"),
  });
});

test("redirects are followed, as release pages send them", async () => {
  const there = server.put(`there-${file}`, wheel);
  const url = server.put(file, wheel, [{ kind: "redirect", to: there }]);

  const [result] = await installWheels(request([locked([url])]));

  expect(result?.receipt.sha256).toBe(sha256Of(wheel));
});

test("a mirror has the wheels under their names, `+` encoded", async () => {
  server.put(file, wheel);

  const [result] = await installWheels(request([locked(["https://example.invalid/x"])], { mirror: `${server.url}/` }));

  expect(result?.receipt.source).toBe(`${server.url}/${encodeURIComponent(file)}`);
  await expect(installWheels(request([locked([])], { mirror: "ftp://a" }))).rejects.toMatchObject({ code: "usage" });
});

test("a wheel given by path is verified the same way and left where it is", async () => {
  const path = join(root, file);
  await writeFile(path, wheel);

  const [result] = await installWheels(request([locked([])], { wheels: [path] }));

  expect(result?.receipt).toMatchObject({ source: path, trust: "lock" });
  expect(await readFile(path)).toEqual(wheel);
});

test("a proxy of HTTP_PROXY is used, and NO_PROXY goes past it", async () => {
  server.put(file, wheel);
  const wheels = [locked([`http://wheels.invalid/${encodeURIComponent(file)}`])];
  const [result] = await installWheels(request(wheels, { env: { HTTP_PROXY: server.url } }));
  expect(result?.receipt.sha256).toBe(sha256Of(wheel));

  const env = { HTTP_PROXY: server.url, NO_PROXY: "wheels.invalid" };
  await expect(installWheels(request(wheels, { env, force: true }))).rejects.toThrow(
    /no address for the name wheels\.invalid/,
  );
});

test("TLS goes through a tunnel of HTTPS_PROXY; one that wants a login is said to", async () => {
  const env = { HTTPS_PROXY: server.url.replace("//", "//user:secret@") };
  const wheels = [locked([`https://wheels.invalid/${encodeURIComponent(file)}`])];
  await expect(installWheels(request(wheels, { env }))).rejects.toThrow("the TLS connection to wheels.invalid");
  expect(server.requests[0]?.path).toBe("CONNECT wheels.invalid:443");

  server.tunnelStatus = 407;
  const failure = await installWheels(request(wheels, { env })).catch((error) => error);
  expect(failure).toMatchObject({
    message: expect.stringContaining("expected status 200 of the proxy, got 407"),
    hint: expect.stringContaining("login"),
  });
  expect(failure.message).not.toContain("secret");
});

test.each([["http://wheels.invalid/", "no address for the name wheels.invalid", "HTTPS_PROXY"]])(
  "%s fails with its cause and a cure",
  async (mirror, message, hint) => {
    const failure = await installWheels(request([locked([])], { mirror })).catch((error) => error);

    expect(failure).toMatchObject({
      code: "tool",
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
  },
);

test("a server that is not there refuses the connection", async () => {
  const closed = await WheelServer.open();
  const mirror = closed.url;
  await closed.close();

  await expect(installWheels(request([locked([])], { mirror }))).rejects.toMatchObject({
    message: expect.stringContaining("refused the connection (ECONNREFUSED)"),
    hint: expect.stringContaining("check --mirror"),
  });
});

test("TLS to a server that speaks none is said to be TLS", async () => {
  const url = server.put(file, wheel).replace("http:", "https:");

  const failure = await installWheels(request([locked([url])])).catch((error) => error);

  expect(failure).toMatchObject({
    message: expect.stringContaining("the TLS connection to"),
    hint: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
  });
});

test("two installations at once both end with the whole package, and one of them downloads", async () => {
  const wheels = [locked([server.put(file, wheel)])];

  const [a, b] = await Promise.all([
    installWheels(request(wheels, { pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms / 20)) })),
    installWheels(request(wheels, { pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms / 20)) })),
  ]);

  expect(a?.[0]?.receipt.sha256).toBe(sha256Of(wheel));
  expect(b?.[0]?.receipt.sha256).toBe(sha256Of(wheel));
  expect(server.requests).toHaveLength(1);
  expect(kinds()).toContain("wait");
  expect(await leftovers()).toEqual([]);
});

test("less free space than the download, or than the unpacked wheel, is refused with the size", async () => {
  const wheels = [locked([server.put(file, wheel)])];
  await expect(installWheels(request(wheels, { freeBytes: async () => 100_000 }))).rejects.toMatchObject({
    message: `${join(root, "toolchain")}: needs 1 MB, 1 MB are free`,
    hint: expect.stringContaining("AIEKIT_TOOLCHAIN"),
  });

  let asked = 0;
  const freeBytes = async () => (asked++ === 0 ? 1e12 : 1000);
  await expect(installWheels(request(wheels, { freeBytes }))).rejects.toThrow("needs 1 MB");
  expect((await leftovers()).filter((path) => path.includes(".tmp"))).toEqual([]);
});

test("a disk that becomes full while writing is said to be full", async ({ skip }) => {
  skip(process.platform !== "linux", "no /dev/full on this system");
  const downloads = join(root, "toolchain/.downloads");
  await mkdir(downloads, { recursive: true });
  await symlink("/dev/full", join(downloads, `${file}@0-1-1.part`));

  await expect(installWheels(request([locked([server.put(file, wheel)])]))).rejects.toMatchObject({
    message: `${join(root, "toolchain")}: the disk became full`,
    hint: expect.stringContaining("make room"),
  });
});

test("Ctrl-C in the middle of a download leaves no package and keeps what came", async () => {
  const url = server.put(file, wheel, [{ kind: "stall", afterBytes: 90_000 }, { kind: "serve" }]);
  const stop = new AbortController();
  const onEvent = (event: InstallEvent): void => {
    if (event.kind === "download") server.receivedBytes = event.doneBytes;
    if (event.kind === "download" && event.doneBytes >= 90_000) stop.abort();
  };
  await expect(installWheels(request([locked([url])], { signal: stop.signal, onEvent }))).rejects.toMatchObject({
    code: "aborted",
  });
  expect(await installedPackages(join(root, "toolchain"))).toEqual([]);
  expect((await leftovers()).every((path) => path.endsWith(".part"))).toBe(true);

  await installWheels(request([locked([url])]));
  expect(server.requests.at(-1)?.range).toBe("bytes=90000-");
});

test("Ctrl-C while unpacking leaves the installed version as it was", async () => {
  const wheels = [locked([server.put(file, wheel)])];
  await installWheels(request(wheels));
  const stop = new AbortController();
  const onEvent = (event: InstallEvent): void => {
    if (event.kind === "unpack") stop.abort();
  };

  await expect(installWheels(request(wheels, { force: true, signal: stop.signal, onEvent }))).rejects.toMatchObject({
    code: "aborted",
  });
  expect((await installedPackages(join(root, "toolchain")))[0]).toMatchObject({ current: true, receipt: { version } });
  expect((await leftovers()).filter((path) => path.includes(".tmp"))).toEqual([]);
});

test("what a killed installation left is removed by the next", async () => {
  const abandoned = join(root, "toolchain", name, `.${version}.999999999-0.tmp`);
  await mkdir(join(abandoned, "llvm-aie"), { recursive: true });

  await installWheels(request([locked([server.put(file, wheel)])]));

  expect(await leftovers()).toEqual([]);
});

test.each([
  [{ platform: "linux", arch: "arm64", glibc: "2.36" }, "for Linux x86_64, this is linux arm64"],
  [{ platform: "darwin", arch: "x64", glibc: undefined }, "for Linux x86_64, this is darwin x64"],
  [{ platform: "linux", arch: "x64", glibc: "2.26" }, "needs glibc 2.27, this system has 2.26"],
  [{ platform: "linux", arch: "x64", glibc: undefined }, "needs glibc 2.27, this system has another C library"],
])("on %o the wheel is refused before it is downloaded", async (host, problem) => {
  const url = server.put(file, wheel);

  await expect(installWheels(request([locked([url])], { host }))).rejects.toThrow(problem);
  expect(server.requests).toEqual([]);
});

test("a version outside the drivers' range is installed and said to be outside", async () => {
  const path = join(root, file.replaceAll("21.0.0", "18.0.0"));
  await writeFile(path, wheelOf({ name, version: version.replace("21", "18"), entries: [] }));

  await installWheels(request([locked([])], { wheels: [path], trustFirstUse: true }));

  expect(events).toContainEqual(
    expect.objectContaining({ kind: "outside range", expected: "19.0.0 or newer, before 23.0.0" }),
  );
});

test("an unknown package, and a file that is no wheel, are refused before any work", async () => {
  await expect(installWheels(request([locked([])], { packages: ["llvm"] }))).rejects.toThrow(
    "expected one of llvm_aie",
  );
  await expect(
    installWheels(request([locked([])], { wheels: [join(root, file)], trustFirstUse: true })),
  ).rejects.toThrow("not a file that can be read");
  await expect(installWheels(request([locked([])], { wheels: ["a.zip"] }))).rejects.toThrow(
    "not the file name of a wheel",
  );
  await expect(installWheels(request([locked([])], { wheels: ["numpy-2.0.0-py3-none-any.whl"] }))).rejects.toThrow(
    "a wheel of numpy",
  );
});
