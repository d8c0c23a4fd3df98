import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { file, InstallBench, locked, wheel } from "./install-bench.test-support.ts";
import { type InstallEvent, installWheels } from "./install-wheels.ts";
import { installedPackages } from "./installed-packages.ts";
import { sha256Of } from "./wheel.test-support.ts";
import { WheelServer } from "./wheel-server.test-support.ts";

let bench: InstallBench;
beforeEach(async () => {
  bench = await InstallBench.open();
});
afterEach(() => bench.close());

test("a connection cut twice is taken up where it stopped: each byte is sent once", async () => {
  const cuts = [{ kind: "cut", afterBytes: 50_000 } as const, { kind: "cut", afterBytes: 60_000 } as const];
  const url = bench.server.put(file, wheel, [...cuts, { kind: "serve" }]);

  const [result] = await installWheels(bench.request([locked([url])]));

  expect(result?.receipt.sha256).toBe(sha256Of(wheel));
  expect(bench.server.requests.map(({ range }) => range)).toEqual([undefined, "bytes=50000-", "bytes=110000-"]);
});

test("a connection over which nothing comes any more counts as cut", async () => {
  const url = bench.server.put(file, wheel, [{ kind: "stall", afterBytes: 1000 }, { kind: "serve" }]);

  const [result] = await installWheels(bench.request([locked([url])], { stallMs: 300 }));

  expect(result?.receipt.sha256).toBe(sha256Of(wheel));
  expect(bench.server.requests[1]?.range).toBe("bytes=1000-");
});

test("a server that is cut for good fails after 4 attempts without progress; the next run goes on from there", async () => {
  const cut = { kind: "cut", afterBytes: 0 } as const;
  const url = bench.server.put(file, wheel, [{ kind: "cut", afterBytes: 70_000 }, cut]);
  await expect(installWheels(bench.request([locked([url])]))).rejects.toMatchObject({
    message: expect.stringContaining("the connection was cut"),
    hint: expect.stringContaining("goes on where it stopped"),
  });
  expect(bench.server.requests).toHaveLength(5);

  bench.server.put(file, wheel);
  await installWheels(bench.request([locked([url])]));
  expect(bench.events.find(({ kind }) => kind === "resume")).toMatchObject({ doneBytes: 70_000 });
  expect(bench.server.requests.at(-1)?.range).toBe("bytes=70000-");
  expect(await bench.leftovers()).toEqual([]);
});

test("a server that ignores Range sends everything, and the file is right all the same", async () => {
  const url = bench.server.put(file, wheel, [{ kind: "cut", afterBytes: 50_000 }, { kind: "whole" }]);

  const [result] = await installWheels(bench.request([locked([url])]));

  expect(result?.receipt.sha256).toBe(sha256Of(wheel));
});

test("what an earlier run left of another file is thrown away and fetched anew", async () => {
  const downloads = join(bench.root, "toolchain/.downloads");
  await mkdir(downloads, { recursive: true });
  await writeFile(join(downloads, `${file}@0-1-1.part`), randomBytes(40_000));
  const url = bench.server.put(file, wheel);

  const [result] = await installWheels(bench.request([locked([url])]));

  expect(result?.receipt.sha256).toBe(sha256Of(wheel));
  expect(bench.server.requests.map(({ range }) => range)).toEqual(["bytes=40000-", undefined]);
});

test("404 goes on to the next address; when none has the file, the error says that old wheels are deleted", async () => {
  const gone = `${bench.server.url}/gone/${file}`;
  const url = bench.server.put(file, wheel);
  const [result] = await installWheels(bench.request([locked([gone, url])]));
  expect(result?.receipt.source).toBe(url);

  await rm(bench.toolchain, { recursive: true });
  await expect(installWheels(bench.request([locked([gone])]))).rejects.toMatchObject({
    code: "tool",
    message: `download ${gone}: expected status 200, got 404`,
    hint: expect.stringContaining("--mirror URL"),
  });
});

test("redirects are followed, as release pages send them", async () => {
  const there = bench.server.put(`there-${file}`, wheel);
  const url = bench.server.put(file, wheel, [{ kind: "redirect", to: there }]);

  const [result] = await installWheels(bench.request([locked([url])]));

  expect(result?.receipt.sha256).toBe(sha256Of(wheel));
});

test("a mirror has the wheels under their names, `+` encoded", async () => {
  bench.server.put(file, wheel);

  const [result] = await installWheels(
    bench.request([locked(["https://example.invalid/x"])], { mirror: `${bench.server.url}/` }),
  );

  expect(result?.receipt.source).toBe(`${bench.server.url}/${encodeURIComponent(file)}`);
  await expect(installWheels(bench.request([locked([])], { mirror: "ftp://a" }))).rejects.toMatchObject({
    code: "usage",
  });
});

test("a proxy of HTTP_PROXY is used, and NO_PROXY goes past it", async () => {
  bench.server.put(file, wheel);
  const wheels = [locked([`http://wheels.invalid/${encodeURIComponent(file)}`])];
  const [result] = await installWheels(bench.request(wheels, { env: { HTTP_PROXY: bench.server.url } }));
  expect(result?.receipt.sha256).toBe(sha256Of(wheel));

  const env = { HTTP_PROXY: bench.server.url, NO_PROXY: "wheels.invalid" };
  await expect(installWheels(bench.request(wheels, { env, force: true }))).rejects.toThrow(
    /no address for the name wheels\.invalid/,
  );
});

test("TLS goes through a tunnel of HTTPS_PROXY; one that wants a login is said to", async () => {
  const env = { HTTPS_PROXY: bench.server.url.replace("//", "//user:secret@") };
  const wheels = [locked([`https://wheels.invalid/${encodeURIComponent(file)}`])];
  await expect(installWheels(bench.request(wheels, { env }))).rejects.toThrow("the TLS connection to wheels.invalid");
  expect(bench.server.requests[0]?.path).toBe("CONNECT wheels.invalid:443");

  bench.server.tunnelStatus = 407;
  const failure = await installWheels(bench.request(wheels, { env })).catch((error) => error);
  expect(failure).toMatchObject({
    message: expect.stringContaining("expected status 200 of the proxy, got 407"),
    hint: expect.stringContaining("login"),
  });
  expect(failure.message).not.toContain("secret");
});

test.each([["http://wheels.invalid/", "no address for the name wheels.invalid", "HTTPS_PROXY"]])(
  "%s fails with its cause and a cure",
  async (mirror, message, hint) => {
    const failure = await installWheels(bench.request([locked([])], { mirror })).catch((error) => error);

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

  await expect(installWheels(bench.request([locked([])], { mirror }))).rejects.toMatchObject({
    message: expect.stringContaining("refused the connection (ECONNREFUSED)"),
    hint: expect.stringContaining("check --mirror"),
  });
});

test("TLS to a server that speaks none is said to be TLS", async () => {
  const url = bench.server.put(file, wheel).replace("http:", "https:");

  const failure = await installWheels(bench.request([locked([url])])).catch((error) => error);

  expect(failure).toMatchObject({
    message: expect.stringContaining("the TLS connection to"),
    hint: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
  });
});

test("Ctrl-C in the middle of a download leaves no package and keeps what came", async () => {
  const url = bench.server.put(file, wheel, [{ kind: "stall", afterBytes: 90_000 }, { kind: "serve" }]);
  const stop = new AbortController();
  const onEvent = (event: InstallEvent): void => {
    bench.see(event);
    if (event.kind === "download" && event.doneBytes >= 90_000) stop.abort();
  };
  await expect(installWheels(bench.request([locked([url])], { signal: stop.signal, onEvent }))).rejects.toMatchObject({
    code: "aborted",
  });
  expect(await installedPackages(bench.toolchain)).toEqual([]);
  expect((await bench.leftovers()).every((path) => path.endsWith(".part"))).toBe(true);

  await installWheels(bench.request([locked([url])]));
  expect(bench.server.requests.at(-1)?.range).toBe("bytes=90000-");
});
