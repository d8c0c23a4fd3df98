import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { medianError, predictRow, type RowPrediction } from "./predict-row.ts";
import { fittedRows } from "./silicon-model.ts";
import { parseSiliconRows, type SiliconRow } from "./silicon-row.ts";

const file = new URL("../../fixtures/silicon.json", import.meta.url);
const rows = parseSiliconRows(readFileSync(file, "utf8"), "silicon.json");

test("every published row has a prediction; the median error is at most 20 %", () => {
  const predictions = rows.map((row) => predictRow(row)).filter((p): p is RowPrediction => "error" in p);

  expect(predictions).toHaveLength(rows.length);
  expect(medianError(predictions)).toBeLessThanOrEqual(0.2);
  expect(rows.map(({ id }) => id).sort()).toEqual([...fittedRows].sort());
});

test("an int16 product of one core takes its multiplications over 64 a cycle, at the part that compiled kernels reach", () => {
  const row = rows.find(({ id }) => id === "gemm-int16-256-one-core")!;
  const macCycles = 256 ** 3 / 64 / 0.245;
  const seconds = 68.9e-6 + macCycles / 1.024e9;

  expect((predictRow(row) as RowPrediction).modelled).toBeCloseTo((2 * 256 ** 3) / seconds / 1e9, 6);
});

/** The prediction of a row of a file, as the file would have it. */
const predict = (fields: Readonly<Record<string, unknown>>) => {
  const [row] = parseSiliconRows(JSON.stringify([{ id: "x", device: "npu1", ...fields }]), "f.json");
  return predictRow(row as SiliconRow);
};

test("rows that were not seen are predicted by kind, each in its unit", () => {
  const base = predict({ kind: "whisper-encoder", model: "base", context: 1500, ms: 100 }) as RowPrediction;

  expect(predict({ kind: "whisper-encoder", model: "whisper-small.en", ms: 1 })).toMatchObject({ fitted: false });
  expect(base.modelled).toBeGreaterThan(10);
  expect(predict({ kind: "latency", what: "an empty launch", us: 80 })).toMatchObject({
    modelled: expect.closeTo(68.9, 9),
  });
  expect(predict({ kind: "latency", what: "an empty launch by IRON's wrapper in Python", ms: 1 })).toMatchObject({
    modelled: expect.closeTo(1.3689, 6),
  });
  expect(predict({ kind: "latency", what: "mailbox, round trip", cycles: 7000 })).toMatchObject({ modelled: 8000 });
  expect(predict({ kind: "dma", what: "S2MM of 1024 words, cold", words: 1024, cycles: 1200 })).toMatchObject({
    modelled: expect.closeTo(1195, 6),
  });
  expect(predict({ kind: "dma", what: "host to array, 2 columns", gb_per_s: 8 })).toMatchObject({
    modelled: expect.closeTo(8.192, 6),
    notes: expect.arrayContaining(["2 columns, 1 channel each, MM2S"]),
  });
  expect(predict({ kind: "dma", what: "aggregate, both ways", gb_per_s: 30 })).toMatchObject({
    modelled: 28,
    notes: expect.arrayContaining([expect.stringContaining("a guess")]),
  });
});

test.each([
  [{ kind: "power", ms: 3 }, "rows of kind power are not modelled"],
  [
    { kind: "gemm", dtype: "int8", M: 64, K: 64, N: 64, gflop: 3 },
    /no measurement: expected one of gflops.*found gflop/,
  ],
  [{ kind: "gemm", dtype: "int8", M: 64, N: 64, gops: 3 }, "expected M, K and N, found no K"],
  [{ kind: "gemm", dtype: "int8", gops: 3 }, "expected M, K and N, found none of them"],
  [{ kind: "gemm", dtype: "int4", M: 64, K: 64, N: 64, gops: 3 }, /expected a dtype of .*found "int4"/],
  [{ kind: "gemm", dtype: "f32", M: 64, K: 64, N: 64, gflops: 3 }, /expected a dtype of .*found "f32"/],
  [{ kind: "gemm", M: 64, K: 64, N: 64, gflops: 3 }, /found no field dtype/],
  [{ kind: "gemm-best", dtype: "bfp16", tflops: 3 }, "npu1 has no multipliers for bfp16"],
  [{ kind: "gemm-best", dtype: "int8", ms: 3 }, "a rate is modelled, and no size is given for ms"],
  [{ kind: "latency", what: "a cup of tea", ms: 3 }, /what is timed is not known/],
  [{ kind: "latency", what: "a launch", gb_per_s: 3 }, "no bytes are counted, as gb_per_s would need"],
  [{ kind: "dma", what: "shim MM2S", us: 3 }, "a rate is modelled, and no size is given for us"],
  [{ kind: "dma", what: "shim MM2S over 9 columns", gb_per_s: 3 }, "npu1 has 4 columns, not 9"],
  [{ kind: "dma", what: "shim MM2S", channels: 3, gb_per_s: 3 }, "a column has 2 channels each way, not 3"],
  [{ kind: "whisper-encoder", model: "huge", ms: 3 }, /no Whisper model is called huge: expected tiny/],
  [{ kind: "whisper-encoder", ms: 3 }, /expected a field model/],
])("what cannot be predicted says why: %j", (fields, reason) => {
  expect(predict(fields)).toMatchObject({ reason: expect.stringMatching(reason) });
});

test("what a prediction does not use is named", () => {
  const one = predict({ kind: "gemm", dtype: "int8", M: 64, K: 64, N: 64, gops: 3, us: 4, batch: 8 });

  expect(one).toMatchObject({ unit: "gops", notes: ["bound by launch", "not used: batch, us"] });
});
