import fc from "fast-check";
import { expect, test } from "vitest";
import { findKernel } from "../../registry.ts";
import { attentionBlocks, parseAttentionShapes, roundRows } from "./attention-shapes.ts";
import { attentionWork } from "./attention-work.ts";

const shapeOf = (text: string) => parseAttentionShapes(text)[0]!;

test("1,500 positions and 6 heads are 36 blocks of up to 256 queries, 9 for each of 4 columns", () => {
  const work = attentionWork(shapeOf("6x1500x1500"), 4);

  expect(work).toMatchObject({ blocks: 6, lastStrips: 7 });
  expect(work.columns.map((c) => [c.units, c.firstBlock])).toEqual([
    [9, 0],
    [9, 3],
    [9, 0],
    [9, 3],
  ]);
  expect(work.columns[0]?.runs).toEqual([
    { head: 0, firstRow: 0, rows: 1504, blocks: 6, keyRows: 1504 },
    { head: 1, firstRow: 0, rows: 768, blocks: 3, keyRows: 1504 },
  ]);
});

test("causal blocks are sent the keys that their last query sees, and no more", () => {
  const { columns } = attentionWork(shapeOf("1x300x448_causal"), 1);

  expect(columns[0]?.runs.map((r) => [r.firstRow, r.keyRows])).toEqual([
    [0, 416],
    [256, 448],
  ]);
});

test("every row of every head is done once, in whole rounds, whatever the shape", () => {
  const shape = fc.record({
    heads: fc.integer({ min: 1, max: 20 }),
    queries: fc.integer({ min: 1, max: 1600 }),
    more: fc.integer({ min: 0, max: 900 }),
    causal: fc.boolean(),
    columns: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(shape, ({ heads, queries, more, causal, columns }) => {
      const keys = queries + more;
      const work = attentionWork(shapeOf(`${heads}x${queries}x${keys}${causal ? "_causal" : ""}`), columns);
      const done = new Map<number, number>();
      for (const { units, runs } of work.columns) {
        expect(runs.reduce((n, r) => n + r.blocks, 0)).toBe(units);
        for (const run of runs) {
          expect(run.firstRow).toBe(done.get(run.head) ?? 0);
          expect(run.rows % roundRows).toBe(0);
          expect(run.keyRows % attentionBlocks.keys).toBe(0);
          const sees = causal ? Math.min(keys, keys - queries + run.firstRow + run.rows) : keys;
          expect(run.keyRows - sees).toBeGreaterThanOrEqual(0);
          expect(run.keyRows - sees).toBeLessThan(attentionBlocks.keys);
          done.set(run.head, run.firstRow + run.rows);
        }
      }
      const rows = Math.ceil(queries / roundRows) * roundRows;
      expect([...done.values()]).toEqual(Array(heads).fill(rows));
    }),
    { seed: 5, numRuns: 200 },
  );
});

test.each([
  ["6x100", "expected heads x queries x keys"],
  ["6x100x0", "expected heads x queries x keys"],
  ["6x10x10_masked", "there is no ending _masked"],
  ["6x10x10.6x10x10", "6x10x10 is there twice"],
  ["6x10x20_qkv", "expected 10, got 20"],
  ["6x20x10_causal", "expected at most 10 queries"],
  ["6x257x448_cache", "expected at most 256 queries, got 257"],
])("shapes %s are refused: %s", (text, message) => {
  expect(() => parseAttentionShapes(text)).toThrow(message);
});

test("inputs decide heads, queries and keys; widths and columns that do not fit are refused", () => {
  const { fit, design } = findKernel("attention");
  const bf16 = (...shape: number[]) => ({ dtype: "bf16" as const, shape });

  expect(fit?.({ q: bf16(7, 384), kv: bf16(1500, 768) }, {})).toEqual({ shapes: "6x7x1500" });
  expect(fit?.({ q: bf16(7, 64), kv: bf16(9, 128) }, { width: 32 })).toEqual({ shapes: "2x7x9" });
  expect(() => fit?.({ q: bf16(7, 100), kv: bf16(9, 200) }, {})).toThrow("q [queries, heads * 64]");
  expect(() => fit?.({ q: bf16(7, 64), kv: bf16(9, 64) }, {})).toThrow("got [7, 64] and [9, 64]");
  expect(() => design({ device: "npu1", params: { width: 80, shapes: "1x1x1" } })).toThrow(
    "attention: head width: expected a multiple of 8 from 8 to 64, got 80",
  );
  expect(() => design({ device: "npu1", params: { width: 64, shapes: "2000x1x1" } })).toThrow(
    "expected at most 512 heads",
  );
});
