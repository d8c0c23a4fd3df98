import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tensor, writeNpy } from "@aiekit/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runInProcess } from "./run-cli.test-support.ts";
import { fixture } from "./sim.test-support.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-time-"));
});
afterAll(() => rm(folder, { recursive: true }));
const sim = (...argv: readonly string[]) =>
  runInProcess(["sim", fixture("passthrough-compute-i32.mlir"), "--in", "zeros", "--out", "out.npy", ...argv], {
    cwd: folder,
  });

test("sim --time: path and cores add up to the run's cycles, in text and in JSON", async () => {
  const [text, json] = [await sim("--time"), await sim("--time", "--json")];

  expect([text.code, json.code]).toEqual([0, 0]);
  const { time, runs } = JSON.parse(json.stdout);
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
  expect(time.cycles).toBe(runs[0].cycles);
  expect(sum(time.path.map((step: { cycles: number }) => step.cycles))).toBe(time.cycles);
  for (const { tile: _, ...parts } of time.cores) expect(sum(Object.values(parts))).toBe(time.cycles);
  expect(text.stdout).toContain(`where the time went (modelled, not measured): ${time.cycles} cycles`);
  expect(text.stdout).toMatch(
    /^critical: .*\nnext: if that took no time, the run would still take \d+ cycles or more/m,
  );
  expect(time.waits.length).toBeGreaterThan(0);
});

test("sim without --time says and records nothing of it", async () => {
  const [text, json] = [await sim(), await sim("--json")];

  expect(text.stdout).not.toContain("where the time went");
  expect(JSON.parse(json.stdout)).not.toHaveProperty("time");
});

test("sim --roofline: an SVG is written; another ending is refused before anything runs", async () => {
  const drawn = await sim("--roofline", "roof.svg");
  const refused = await sim("--roofline", "roof.pdf");

  expect([drawn.code, refused.code]).toEqual([0, 2]);
  expect(await readFile(join(folder, "roof.svg"), "utf8")).toContain("roofline of a core, modelled");
  expect(drawn.stderr).toBe("roofline, modelled: roof.svg\n");
  expect(await readFile(join(folder, "roof.svg"), "utf8")).toContain("the run called no kernel");
  expect(refused.stderr).toContain("--roofline roof.pdf: expected a file that ends in .svg or .png");
});

test("run --time: a kernel's longest launch, its path and cores add up, and each kernel has a roof", async () => {
  const input = tensor("i16", [20, 512], new Int16Array(20 * 512));
  await writeFile(join(folder, "frames.npy"), writeNpy(input));
  const argv = ["run", "fft", "--in", "frames.npy", "--out", "spectrum.npy", "--time", "--roofline", "fft.svg"];

  const { code, stdout } = await runInProcess([...argv, "--json"], { cwd: folder });

  expect(code).toBe(0);
  const { time, launches } = JSON.parse(stdout);
  expect([time.launches, time.sequence]).toEqual([launches.length, launches[time.launch - 1].sequence]);
  expect(time.path.reduce((sum: number, step: { cycles: number }) => sum + step.cycles, 0)).toBe(time.cycles);
  expect(time.kernels[0].counted.roof).toMatch(/^(compute|tile memory|scalar code|calls|streams)$/);
  expect(await readFile(join(folder, "fft.svg"), "utf8")).toMatch(/<title>fft \w+ on npu1_1col<\/title>/);
}, 60_000);
