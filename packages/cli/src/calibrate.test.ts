import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runInProcess } from "./run-cli.test-support.ts";

const published = join(import.meta.dirname, "..", "..", "sim", "fixtures", "silicon.json");

test("calibrate shows each published row with the modelled value, the error and that it was fitted", async () => {
  const { code, stdout } = await runInProcess(["calibrate", "--rows", published]);

  expect(code).toBe(0);
  expect(stdout).toMatch(/gemm-best-int8-xdna1 +npu1 +6\.76 +6\.3 +tops +-6\.8 % +fitted +arXiv 2512\.13282/);
  expect(stdout).toMatch(/gemm-int8-range .* fitted +assumes 1536 x 1280 x 1280 .*drakosha/);
  expect(stdout).toMatch(/modelled, 16 of 16 rows: median error \d+\.\d %, worst \d+\.\d %/);
  expect(stdout).toContain("the error of a fitted row says little: --leave-out row");
  expect(stdout).toContain("modelled: computed by the cost model, not measured");
});

test("calibrate --leave-out predicts each row from a fit without it, and shows each constant with its rows", async () => {
  const folder = await mkdtemp(join(tmpdir(), "aiekit-calibrate-"));
  const rows = [4, 5].map((tops) => ({ id: `${tops}`, device: "npu1", kind: "gemm-best", dtype: "int8", tops }));
  await writeFile(join(folder, "rows.json"), JSON.stringify(rows));
  const args = ["calibrate", "--rows", "rows.json", "--leave-out", "row"];

  const { stdout } = await runInProcess(args, { cwd: folder });
  const json = await runInProcess([...args, "--json"], { cwd: folder });
  await rm(folder, { recursive: true });

  expect(stdout).toMatch(/each of 2 rows, its row left out of the fit: median error \d+\.\d %, worst/);
  expect(stdout).toMatch(/tuned .* 0\.5 to 1 +4, 5\n/);
  expect(stdout).toMatch(/launchSeconds .* none: the middle of its bounds/);
  const record = JSON.parse(json.stdout);
  // Fitted to 5 alone, the row of 4 is modelled as 5, a quarter more.
  expect(record.rows[0].leftOut.modelled).toBeCloseTo(5, 2);
  expect(record.rows[0].leftOut.error).toBeCloseTo(0.25, 2);
  expect(record.leftOut).toMatchObject({ by: "row", constants: expect.any(Array) });
});

test("calibrate runs on rows it has not seen, in JSON, and says which it has no prediction for", async () => {
  const folder = await mkdtemp(join(tmpdir(), "aiekit-calibrate-"));
  const rows = [
    { id: "a", device: "npu2", kind: "gemm", dtype: "int8", M: 1024, K: 1024, N: 1024, tops: 10, source: "s" },
    { id: "b", device: "npu1", kind: "power", watts: 3 },
  ];
  await writeFile(join(folder, "rows.json"), JSON.stringify({ rows }));

  const { code, stdout } = await runInProcess(["calibrate", "--rows", "rows.json", "--json"], { cwd: folder });
  const bad = await runInProcess(["calibrate", "--rows", "nowhere.json"], { cwd: folder });
  await rm(folder, { recursive: true });

  expect(code).toBe(0);
  const record = JSON.parse(stdout);
  expect(record.rows[0]).toMatchObject({ id: "a", unit: "tops", published: 10, fitted: false });
  expect(record.rows[0].error).toBeCloseTo((record.rows[0].modelled - 10) / 10, 12);
  expect(record.rows[1]).toMatchObject({
    id: "b",
    modelled: null,
    reason: expect.stringContaining("no measurement: expected one of gflops"),
  });
  expect(bad.code).not.toBe(0);
});
