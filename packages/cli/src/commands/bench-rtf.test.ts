import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tinyModel } from "../models/tiny-model.test-support.ts";
import { runInProcess } from "../run-cli.test-support.ts";

async function modelFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "aiekit-rtf-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, bytes] of tinyModel()) await writeFile(join(folder, name), bytes);
  return folder;
}

interface Row {
  readonly seconds: number;
  readonly phase: string;
  readonly kind: string;
  readonly coldMs: number;
  readonly warmMs: { readonly n: number; readonly least: number; readonly median: number; readonly most: number };
  readonly timesRealTime: number;
}

test("bench rtf: every phase of every sound has a cold pass, at least 3 warm ones, and what it is", async () => {
  const model = await modelFolder();
  const options = ["--model", model, "--placements", "reference", "--lengths", "1,2"];

  const { code, stdout } = await runInProcess(["bench", "rtf", ...options, "--json"]);

  expect(code).toBe(0);
  const { rows, texts, ceilings } = JSON.parse(stdout) as { rows: Row[]; texts: string[]; ceilings: unknown[] };
  const phases = ["audio", "mel", "encoder", "decoder", "rest", "whole"];
  expect(rows.map(({ seconds, phase }) => [seconds, phase])).toEqual(
    [1, 2].flatMap((seconds) => phases.map((phase) => [seconds, phase])),
  );
  for (const { kind, coldMs, warmMs, timesRealTime, seconds } of rows) {
    expect(kind).toBe("measured, CPU");
    expect(coldMs).toBeGreaterThanOrEqual(0);
    expect(warmMs.n).toBeGreaterThanOrEqual(3);
    expect(warmMs.median).toBeGreaterThanOrEqual(warmMs.least);
    expect(warmMs.median).toBeLessThanOrEqual(warmMs.most);
    expect(timesRealTime).toBe((1000 * seconds) / warmMs.median);
  }
  expect(texts).toEqual([]);
  // The model and six published ones, in two types, on two arrays.
  expect(ceilings.length).toBe(7 * 2 * 2);
});

test("bench rtf: a sound that would take longer than the limit is left out, and said to be", async () => {
  const model = await modelFolder();
  const options = ["--model", model, "--placements", "reference", "--lengths", "1,100000", "--limit", "5"];

  const { code, stdout } = await runInProcess(["bench", "rtf", ...options]);

  expect(code).toBe(0);
  expect(stdout).toMatch(/left out: reference, 100000 s: a pass would take about \d+ s, --limit is 5 s/);
  expect(stdout).toContain("arithmetic ceilings, neither measured nor modelled");
});

test("bench rtf: a placement that is named and not there is an error, one that does not exist a wrong command line", async () => {
  const model = await modelFolder();
  const bench = (placement: string) => runInProcess(["bench", "rtf", "--model", model, "--placements", placement]);

  expect(await bench("xrt")).toMatchObject({ code: 5, stderr: expect.stringContaining("encoder: xrt: ") });
  expect(await bench("gpu")).toMatchObject({ code: 2, stderr: expect.stringContaining("got gpu") });
});
