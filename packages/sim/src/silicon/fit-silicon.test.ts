import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fitSilicon, leaveOut, sourceOf } from "./fit-silicon.ts";
import type { RowPrediction } from "./predict-row.ts";
import { constantNames, siliconBounds, siliconModel } from "./silicon-model.ts";
import { parseSiliconRows } from "./silicon-row.ts";

const file = new URL("../../fixtures/silicon.json", import.meta.url);
const text = readFileSync(file, "utf8");
const rows = parseSiliconRows(text, "silicon.json");
const pick = (...ids: string[]) => rows.filter(({ id }) => ids.includes(id));

test("the model's constants are those of the fit to the published rows, in three digits, and within their bounds", () => {
  const fit = fitSilicon(rows);

  for (const name of constantNames) {
    // Half a unit of three digits is at most 1/200.
    expect(Math.abs(siliconModel[name] / fit[name] - 1), name).toBeLessThan(1 / 200);
    expect(siliconModel[name]).toBeGreaterThanOrEqual(siliconBounds[name].least);
    expect(siliconModel[name]).toBeLessThanOrEqual(siliconBounds[name].most);
  }
});

test("what no row decides is the middle of its bounds; what one row alone decides is that row", () => {
  const fit = fitSilicon(pick("shim-dma-cold-mm2s"));

  expect(fit.coldMm2sCycles / 747).toBeCloseTo(1, 3);
  expect(fit.coldS2mmCycles / Math.sqrt(50 * 1000)).toBeCloseTo(1, 3);
  expect(fit.tuned / Math.sqrt(0.5)).toBeCloseTo(1, 3);
});

test("a row that is left out does not enter its own prediction", () => {
  const some = pick("gemm-best-int8-xdna1", "gemm-best-bf16-xdna1", "overlay-switch-pair", "shim-dma-rate");
  const other = some.map((row) =>
    row.id === "gemm-best-int8-xdna1" ? { ...row, fields: { ...row.fields, tops: 67.6 } } : row,
  );
  const [before, after] = [leaveOut(some, "row"), leaveOut(other, "row")];
  const modelled = (one: typeof before, i: number) => (one.predictions[i] as RowPrediction).modelled;
  const at = some.findIndex(({ id }) => id === "gemm-best-int8-xdna1");
  const neighbour = some.findIndex(({ id }) => id === "gemm-best-bf16-xdna1");

  expect(modelled(after, at)).toBe(modelled(before, at));
  expect(modelled(after, neighbour)).not.toBe(modelled(before, neighbour));
  // 2 * 3.14 TFLOPS: the part of the peak that the bf16 row of the same device reaches.
  expect(modelled(before, at)).toBeCloseTo(6.28, 2);
  expect(before.movedBy.tuned).toEqual(["gemm-best-int8-xdna1", "gemm-best-bf16-xdna1"]);
  expect(before.isFitted).toEqual(some.map(({ id }) => id !== "shim-dma-rate"));
});

test("left out by source, all rows of a source are", () => {
  const some = pick("gemm-best-int8-xdna1", "gemm-best-bf16-xdna1", "shim-dma-cold-s2mm");
  const { predictions } = leaveOut(some, "source");
  const [best] = predictions as RowPrediction[];

  expect(best!.modelled / (8.388608 * Math.sqrt(0.5))).toBeCloseTo(1, 3);
  expect([...new Set(rows.map(sourceOf))]).toEqual([
    ...["drakosha/whisper-xdna", "arXiv 2512.13282", "FIM43-Redeye/xdna-emu", "mrtib"],
  ]);
});
