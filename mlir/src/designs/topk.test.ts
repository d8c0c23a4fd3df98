import type { ShapeError } from "@aiekit/core";
import { expect, test } from "vitest";
import { topkDesign, topkKernel } from "./topk.ts";

const params = { rows: "1", length: 51_865, k: 5, dtype: "f32", columns: 4 };

test("a vocabulary of 51,865 is 8 parts of 17 objects of 384 floats: 359 numbers of padding", () => {
  const { sequences } = topkDesign({ device: "npu1", params });

  expect(sequences[0]?.args.map(({ name, shape, padded }) => [name, shape, padded])).toEqual([
    ["x", [1, 51_865], [1, 52_224]],
    ["values", [1, 5], [1, 8]],
    ["indices", [1, 5], [1, 8]],
  ]);
});

test("more than there are cannot be asked for: the hint says how many there are", () => {
  const design = () => topkDesign({ device: "npu1", params: { ...params, length: 4 } });

  expect(design).toThrow(expect.objectContaining({ hint: "--param k=4" }) as ShapeError);
});

test("the input decides rows, length and type; int32 is refused by name", () => {
  expect(topkKernel.fit?.({ x: { dtype: "bf16", shape: [5, 99] } }, {})).toEqual({
    rows: "5",
    length: 99,
    dtype: "bf16",
  });
  expect(() => topkKernel.fit?.({ x: { dtype: "i32", shape: [5, 99] } }, {})).toThrow(
    /input x: expected f32 or bf16, got i32/,
  );
  expect(() => topkKernel.fit?.({ x: { dtype: "f32", shape: [99] } }, {})).toThrow(/expected 2 dimension/);
});
