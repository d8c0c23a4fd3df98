import { expect, test } from "vitest";
import { parseSiliconRows } from "./silicon-row.ts";

const parse = (...rows: unknown[]) => parseSiliconRows(JSON.stringify({ rows }), "f.json");
const row = { id: "a", kind: "gemm", device: "npu1", ms: 1 };

test("a file that is no table of rows is refused", () => {
  expect(() => parseSiliconRows("{", "f.json")).toThrow("f.json: not JSON");
  expect(() => parseSiliconRows('{"row": []}', "f.json")).toThrow('f.json: expected {"rows": [...]}');
});

test("rows may stand one a line, with empty lines between; a line that is no JSON is told by its number", () => {
  const line = (id: string) => JSON.stringify({ ...row, id });

  expect(parseSiliconRows(`${line("a")}\n\n${line("b")}\r\n`, "f.jsonl").map(({ id }) => id)).toEqual(["a", "b"]);
  expect(() => parseSiliconRows(`${line("a")}\n\n{"id": b}\n`, "f.jsonl")).toThrow("f.jsonl: line 3: not JSON");
  expect(() => parseSiliconRows("id,ms\na,1\n", "f.csv")).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("one object a line") }),
  );
});

test.each([
  [7, "row 1: expected an object"],
  [{ kind: "dma", device: "npu1" }, "row 1: expected text as id, found nothing"],
  [{ ...row, device: "gpu" }, 'row 1 (a): expected device npu1 or npu2, found "gpu"'],
  [{ ...row, M: "64" }, 'row 1 (a): expected a whole number from 1 as M, found "64"'],
  [{ ...row, K: 0 }, "row 1 (a): expected a whole number from 1 as K, found 0"],
  [{ ...row, N: 1.5 }, "row 1 (a): expected a whole number from 1 as N, found 1.5"],
  [{ ...row, ms: -1 }, "row 1 (a): expected a number above 0 as ms, found -1"],
  [{ ...row, gflops: null }, "row 1 (a): expected a number above 0 as gflops, found null"],
  [{ ...row, m: 64 }, "row 1 (a): no field is called m: expected M"],
  [{ ...row, "GB/s": 1, GbPerS: 1 }, "row 1 (a): no field is called GbPerS: expected gb_per_s"],
  [{ ...row, us_min: 4 }, "row 1 (a): expected both us_min and us_max"],
  [{ ...row, us_min: 4, us_max: 3 }, "row 1 (a): expected us_min up to us_max, found 4, 3"],
  [{ ...row, cores: 17 }, "row 1 (a): expected cores up to the 16 of npu1, found 17"],
  [{ ...row, kernels: "best" }, 'row 1 (a): expected kernels tuned or generated, found "best"'],
])("a row that is wrong is refused by row and field: %j", (wrong, message) => {
  expect(() => parse(row, wrong)).toThrow(`f.json: ${message}`);
});

test("everything that is wrong is told at once", () => {
  const told = () => parse({ ...row, M: 0 }, row, { ...row, id: "b", ms: "1", N: 0 });

  expect(told).toThrow(
    /^f\.json: row 0 \(a\): .* M, .*\nf\.json: row 2 \(b\): .* ms, .*\nf\.json: row 2 \(b\): .* N, /,
  );
});

test("fields that are not known are kept, and named as not used", () => {
  expect(parse({ ...row, batch: 3, remark: "x" })[0]).toMatchObject({ unused: ["batch", "remark"], source: "" });
});
