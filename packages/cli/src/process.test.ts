import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readNpy } from "@aiekit/core";
import { writeWav } from "@aiekit/pipeline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readEnvironment } from "./environment.ts";
import { syntheticWav } from "./synthetic-wav.ts";

// The program as a user starts it. Its first start compiles what is stale, which takes a while on a cold checkout.
const entry = join(import.meta.dirname, "..", "bin", "aiekit.js");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-cli-"));
  await writeFile(join(folder, "speech.wav"), syntheticWav(1, 3));
  await promisify(execFile)(process.execPath, [entry, "--version"]);
}, 120_000);

afterAll(() => rm(folder, { recursive: true }));

async function aiekit(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = start(argv);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exitCode(child)]);
  return { code, stdout, stderr };
}

function start(argv: readonly string[]): ChildProcess {
  return spawn(process.execPath, [entry, ...argv], { cwd: folder, env: { PATH: readEnvironment().variables.PATH } });
}

async function text(stream: NodeJS.ReadableStream | null): Promise<string> {
  let all = "";
  for await (const chunk of stream ?? []) all += String(chunk);
  return all;
}

function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve) =>
    child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? -2 : -1))),
  );
}

test("demo mel: the shipped speech goes through the simulated NPU, agrees with both references and leaves a picture", async () => {
  const { code, stdout } = await aiekit("demo", "mel", "--out", "pictures", "--json");

  const result = JSON.parse(stdout);
  expect(code).toBe(0);
  expect(result).toMatchObject({ input: "the speech sample", simulated: true, frames: 585, bins: 80 });
  expect(result.comparisons).toHaveLength(2);
  for (const { pearson, maxErrorDb } of result.comparisons) {
    expect(pearson).toBeGreaterThan(0.999);
    expect(maxErrorDb).toBeLessThan(0.5);
  }
  const png = readFileSync(join(folder, result.picture));
  expect([...png.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
});

test("run: writes one array, prints one JSON value on stdout, and three tiles give the same bytes as one", async () => {
  const one = await aiekit("run", "mel", "--in", "speech.wav", "--out", "one.npy", "--json");
  const three = await aiekit("run", "mel", "--in", "speech.wav", "--out", "three.npy", "--param", "tiles=3", "--json");

  expect(JSON.parse(one.stdout)).toMatchObject({
    units: 98,
    outputs: [{ name: "mel", dtype: "i16", shape: [98, 80] }],
  });
  expect([one.code, three.code]).toEqual([0, 0]);
  expect(readNpy(readFileSync(join(folder, "one.npy"))).shape).toEqual([98, 80]);
  expect(readFileSync(join(folder, "three.npy"))).toEqual(readFileSync(join(folder, "one.npy")));
}, 60_000);

test("validate: exit code 0 and a report of three files for a kernel that passes", async () => {
  const { code, stdout } = await aiekit("validate", "mel", "--clips", "2", "--report", "report", "--json");

  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    pass: true,
    subject: { kernel: "mel", device: "sim", origin: "simulated" },
    cases: [{ name: "speech sample", group: "recording" }, { group: expect.stringMatching(/^(speech|synthetic)$/) }],
  });
  expect((await readdir(join(folder, "report"))).sort()).toEqual(["report.html", "report.json", "report.xml"]);
});

test("validate: silence is a case like others, and is not warned of", async () => {
  const { code, stdout, stderr } = await aiekit("validate", "fft", "--json");

  const { cases } = JSON.parse(stdout) as { cases: readonly { name: string; pass: boolean }[] };
  expect(code).toBe(0);
  expect(cases).toContainEqual(expect.objectContaining({ name: "silence", pass: true }));
  expect(stderr).not.toContain("warning");
});

test("a missing file is exit code 3 with nothing on stdout and the error last on stderr", async () => {
  const { code, stdout, stderr } = await aiekit("run", "mel", "--in", "none.wav", "--out", "x.npy");

  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(stderr).toMatch(/(^|\n)error: none\.wav: there is no such file\n$/);
});

test("Ctrl-C during a run: exit code 130, no output file and no partial one", async () => {
  await writeSilentHour(join(folder, "long.wav"));
  const child = start(["run", "mel", "--in", "long.wav", "--out", "long.npy", "--verbose"]);
  const ended = exitCode(child);
  let [stderr, stopped] = ["", false];
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
    // The build is over, so loading and running come next; an hour of sound keeps the simulator busy for long enough.
    // Once only: a second Ctrl-C ends the program before it says that it stopped.
    if (stopped || !/^(fresh|(done|cached) +pack)/m.test(stderr)) return;
    stopped = child.kill("SIGINT");
  });

  expect(await ended).toBe(130);
  expect(stderr).toMatch(/(^|\n)stopped with Ctrl-C \([^\n]*\)\n$/);
  expect(stderr).not.toMatch(/error/);
  expect((await readdir(folder)).filter((name) => name.startsWith("long.npy"))).toEqual([]);
});

/** 115 MB of which the disk holds the header only. */
async function writeSilentHour(path: string): Promise<void> {
  const header = writeWav({ sampleRateHz: 16_000, channels: [new Int16Array(0)] });
  const dataBytes = 3600 * 16_000 * 2;
  const view = new DataView(header.buffer, header.byteOffset);
  view.setUint32(4, header.length - 8 + dataBytes, true);
  view.setUint32(header.length - 4, dataBytes, true);
  await writeFile(path, header);
  await truncate(path, header.length + dataBytes);
}

test("a reader that closes the pipe early is no error", async () => {
  const child = start(["kernels"]);
  child.stdout?.destroy();

  expect(await exitCode(child)).toBe(0);
});
