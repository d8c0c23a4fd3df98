import { type AiekitError, ShapeError, UsageError } from "@aiekit/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { walk } from "../ir/operation.ts";
import { transposeDesign, transposeKernel } from "./transpose.ts";

const design = (params: Record<string, string | number>) =>
  transposeDesign({ device: "npu1", params: { rows: 80, cols: "100", margin: 0, columns: 4, ...params } });

test("any shape: every column is read and written, none outside, and no lane does what another does", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 300 }), (cols, rows) => {
      const pitch = design({ rows, cols: String(cols) }).sequences[0]!.args[1]!.padded![1]!;
      const written = new Uint8Array(cols);
      walk(design({ rows, cols: String(cols) }).module, (op) => {
        if (op.name !== "aiex.npu.dma_memcpy_nd" || !op.text("metadata")?.startsWith("y_")) return;
        const [[, blocks = 0, width = 0], [offset = 0]] = [
          numbers(op, "static_sizes"),
          numbers(op, "static_offsets").slice(3),
        ];
        for (let i = 0; i < blocks * width; i++) written[offset / pitch + i]! += 1;
      });
      // Only the last block may overlap the one before it.
      expect(written.every((times) => times >= 1 && times <= 2)).toBe(true);
      expect(written.filter((times) => times === 2).length).toBeLessThan(16);
    }),
    { numRuns: 20, seed: 5 },
  );
});

test("a margin is a row before the result and one behind it, which no transfer touches", () => {
  const [, y] = design({ margin: 1 }).sequences[0]!.args;

  expect(y).toMatchObject({ shape: [100, 80], padded: [102, 80], margin: { before: 1, after: 1 } });
});

test.each([
  [{ rows: 9000 }, ShapeError, /\[9000, 100\]: expected at most 8192 rows/],
  [{ cols: "2000000" }, ShapeError, /at most 8192 rows and 1048576 columns/],
  [{ cols: "100.100" }, UsageError, /100.100 has a count twice/],
] as const)("%o is refused", (params, kind, message) => {
  const error = thrown(() => design(params));

  expect(error).toBeInstanceOf(kind);
  expect(error.message).toMatch(message);
});

test("bfloat16 is refused as input: it is narrow already", () => {
  expect(() => transposeKernel.fit!({ x: { dtype: "bf16", shape: [80, 100] } }, {})).toThrow(/expected f32, got bf16/);
  expect(transposeKernel.fit!({ x: { dtype: "f32", shape: [80, 100] } }, {})).toEqual({ rows: 80, cols: "100" });
});

function numbers(op: Parameters<Parameters<typeof walk>[1]>[0], name: string): number[] {
  const attr = op.attributes.get(name);
  return attr?.kind === "dense-array" ? attr.values.map(Number) : [];
}

function thrown(call: () => unknown): AiekitError {
  try {
    call();
  } catch (error) {
    return error as AiekitError;
  }
  throw new Error("nothing was thrown");
}
