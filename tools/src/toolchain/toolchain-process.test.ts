import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { findProject } from "../build/project.ts";
import { readToolchainLock } from "./toolchain-lock.ts";
import { sha256Of, wheelOf } from "./wheel.test-support.ts";
import { WheelServer } from "./wheel-server.test-support.ts";

// The program as a user starts it, with processes that are stopped and killed in earnest.
const project = findProject();
const entry = join(project.root, "packages/cli/bin/aiekit.js");
const lock = readToolchainLock(project.root);
const peano = lock.wheels.find(({ name }) => name === "llvm_aie");
if (peano === undefined) throw new Error("no llvm_aie in the lock");
const { file, version } = peano;
const wheel = wheelOf({
  name: "llvm_aie",
  version,
  entries: [
    { name: "llvm-aie/bin/llc", content: "llc\n", mode: 0o100755 },
    { name: "llvm-aie/lib/data", content: randomBytes(100_000) },
  ],
});

let root: string;
let server: WheelServer;
beforeAll(() => promisify(execFile)(process.execPath, [entry, "--version"]), 120_000);
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "aiekit-toolchain-"));
  server = await WheelServer.open();
});
afterEach(async () => {
  await server.close();
  await rm(root, { recursive: true });
});

function start(...argv: string[]): ChildProcess {
  return spawn(process.execPath, [entry, "toolchain", ...argv], { env: { AIEKIT_TOOLCHAIN: root }, stdio: "pipe" });
}

async function outcome(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

const install = (): string[] => ["install", "llvm_aie", "--mirror", server.url, "--sha256", sha256Of(wheel), "--json"];

async function requestsAre(count: number): Promise<void> {
  while (server.requests.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function partBytes(count: number): Promise<void> {
  const folder = join(root, ".downloads");
  for (;;) {
    const [name] = await readdir(folder).catch(() => []);
    if (name && (await stat(join(folder, name)).catch(() => ({ size: 0 }))).size >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("a wheel that is a file is installed, its folder printed, and a change of a file found", async () => {
  const path = join(root, file);
  await writeFile(path, wheel);
  const first = await outcome(start("install", "--wheel", path, "--sha256", sha256Of(wheel), "--json"));
  expect(first).toMatchObject({ code: 0 });
  expect(JSON.parse(first.stdout)).toMatchObject({ ok: true, installed: [{ receipt: { trust: "given" } }] });

  const folder = join(root, "llvm_aie", version, "llvm-aie");
  expect(await outcome(start("path", "llvm_aie"))).toMatchObject({ code: 0, stdout: `${folder}\n` });
  await writeFile(join(folder, "bin/llc"), "another");
  expect(await outcome(start("verify"))).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("llvm-aie/bin/llc: changed"),
  });
});

test("Ctrl-C ends with 130 and no package; the next run goes on where it stopped", async () => {
  server.put(file, wheel, [{ kind: "stall", afterBytes: 60_000 }, { kind: "serve" }]);
  const child = start(...install());
  const ended = outcome(child);
  await partBytes(60_000);
  child.kill("SIGINT");

  expect(await ended).toMatchObject({ code: 130 });
  expect(await readdir(root)).toEqual([".downloads"]);
  expect(await outcome(start(...install()))).toMatchObject({ code: 0 });
  expect(server.requests.at(-1)?.range).toBe("bytes=60000-");
});

test("what a killed process left is taken over by the next", async () => {
  server.put(file, wheel, [{ kind: "stall", afterBytes: 60_000 }, { kind: "serve" }]);
  const child = start(...install());
  const ended = outcome(child);
  await partBytes(60_000);
  child.kill("SIGKILL");
  await ended;

  expect(await outcome(start(...install()))).toMatchObject({ code: 0 });
  expect(server.requests.at(-1)?.range).toBe("bytes=60000-");
  expect(await readdir(join(root, ".downloads"))).toEqual([]);
});

test("of two processes at once one downloads and the other waits for it", async () => {
  server.put(file, wheel, [{ kind: "stall", afterBytes: 10 }, { kind: "serve" }]);
  const first = outcome(start(...install()));
  await requestsAre(1);
  await partBytes(10);
  const second = outcome(start(...install()));
  // Time for the second to look. If it is later than that, it finds the package installed, and the counts are the same.
  await new Promise((resolve) => setTimeout(resolve, 700));
  server.dropAll();

  expect((await Promise.all([first, second])).map(({ code }) => code)).toEqual([0, 0]);
  expect(server.requests.map(({ range }) => range)).toEqual([undefined, "bytes=10-"]);
});
