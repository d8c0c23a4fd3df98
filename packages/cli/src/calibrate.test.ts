import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runInProcess } from "./run-cli.test-support.ts";

const published = join(import.meta.dirname, "..", "..", "sim", "fixtures", "silicon.json");

test("calibrate shows each published row with the modelled value and the error, and both medians", async () => {
  const { code, stdout } = await runInProcess(["calibrate", "--rows", published]);

  expect(code).toBe(0);
  expect(stdout).toMatch(/gemm-best-int8-xdna1 +npu1 +6\.76 +6\.7\d+ +tops +-0\.7 % +arXiv 2512\.13282/);
  expect(stdout).toMatch(/gemm-int8-range .* fitted +drakosha/);
  expect(stdout).toMatch(/median error \d+\.\d %, of rows that the model was not fitted to \d+\.\d %; 16 of 16 rows/);
  expect(stdout).toContain("modelled: computed by the cost model, not measured");
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
    reason: "no field that holds a measurement is known",
  });
  expect(bad.code).not.toBe(0);
});
