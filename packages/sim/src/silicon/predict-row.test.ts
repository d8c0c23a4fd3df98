import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { medianError, predictRow, type RowPrediction } from "./predict-row.ts";
import { fittedRows } from "./silicon-model.ts";
import { parseSiliconRows, type SiliconRow } from "./silicon-row.ts";

const file = new URL("../../fixtures/silicon.json", import.meta.url);
const rows = parseSiliconRows(readFileSync(file, "utf8"), "silicon.json");
const predictions = rows.map((row) => predictRow(row)).filter((p): p is RowPrediction => "error" in p);

test("every published row has a prediction; the median error is at most 20 %, of all and of those that were not fitted", () => {
  expect(predictions).toHaveLength(rows.length);
  expect(medianError(predictions)).toBeLessThanOrEqual(0.2);
  expect(medianError(predictions.filter(({ fitted }) => !fitted))).toBeLessThanOrEqual(0.2);
  expect(fittedRows.filter((id) => !rows.some((row) => row.id === id))).toEqual([]);
});

test("an int16 product of one core takes its multiplications over 64 a cycle, at the part that compiled kernels reach", () => {
  const row = rows.find(({ id }) => id === "gemm-int16-256-one-core")!;
  const macCycles = 256 ** 3 / 64 / 0.24;
  const seconds = 65e-6 + macCycles / 1.024e9;

  expect((predictRow(row) as RowPrediction).modelled).toBeCloseTo((2 * 256 ** 3) / seconds / 1e9, 6);
});

const row = (kind: string, fields: SiliconRow["fields"]): SiliconRow => ({
  id: "x",
  device: "npu1",
  kind,
  source: "",
  fields,
});

test("rows that were not seen are predicted by kind; what is not known says so", () => {
  const base = predictRow(row("whisper-encoder", { model: "base", context: 1500, ms: 100 }));
  const small = predictRow(row("whisper-encoder", { model: "small.en", ms: 100 }));

  expect((small as RowPrediction).modelled).toBeGreaterThan((base as RowPrediction).modelled);
  expect(predictRow(row("latency", { what: "an empty launch", us: 80 }))).toMatchObject({ unit: "us", modelled: 65 });
  expect(predictRow(row("dma", { what: "S2MM of 1024 words, cold", words: 1024, cycles: 1200 }))).toMatchObject({
    modelled: 1195,
  });
  expect(predictRow(row("power", { ms: 3 }))).toMatchObject({ reason: "rows of kind power are not modelled" });
  expect(predictRow(row("gemm", { dtype: "bf16" }))).toMatchObject({ reason: expect.stringContaining("measurement") });
});

test("a file that is no table of rows is refused with the row and the field", () => {
  expect(() => parseSiliconRows("{", "f.json")).toThrow("f.json: not JSON");
  expect(() => parseSiliconRows('{"rows": [{"id": "a", "kind": "dma", "device": "gpu"}]}', "f.json")).toThrow(
    "f.json: row 0: expected device npu1 or npu2, found gpu",
  );
});
