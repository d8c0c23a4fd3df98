import type { BudgetError, ShapeError, UsageError } from "@aiekit/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { walk } from "../ir/operation.ts";
import { lowerDesign } from "../lowering/lower-design.ts";
import { planGemv } from "./gemv/gemv-plan.ts";
import { gemvTypeNames, gemvTypes } from "./gemv/gemv-types.ts";
import { gemvDesign, gemvEntry } from "./gemv.ts";
import { parseMatmulShapes } from "./matmul/matmul-shapes.ts";
import { topkKernel } from "./topk.ts";

const params = { dtype: "i8_f32", shapes: "1x512x51865", columns: 8 };
const plan = (dtype: keyof typeof gemvTypes, shapes: string) =>
  planGemv({ type: gemvTypes[dtype], channels: 8, shapes: parseMatmulShapes(shapes, "gemv") });

test("the head is read from [51865, 512] as it lies: rows of zeros behind it, nothing else is padded", () => {
  const { sequences } = gemvDesign({ device: "npu1", params });

  expect(sequences[0]?.args.map(({ name, shape, padded }) => [name, shape, padded])).toEqual([
    ["x", [1, 512], undefined],
    ["w", [51_865, 512], [52_224, 512]],
    ["channels", [2, 51_865], [2, 52_224]],
    ["y", [1, 51_865], [1, 52_224]],
  ]);
});

test("the logits of the head lie as topk reads them, so they need not leave the device", () => {
  const logits = gemvDesign({ device: "npu1", params }).sequences[0]?.args.at(-1);
  const defaults = Object.fromEntries(topkKernel.params.map(({ name, default: value }) => [name, value]));
  const [x] = topkKernel.design({ device: "npu1", params: defaults }).sequences[0]!.args;

  expect([logits?.dtype, logits?.shape, logits?.padded]).toEqual([x?.dtype, x?.shape, x?.padded]);
});

test("all eight channels of npu1 bring as many words, 96 % of them weights of the head", () => {
  const words = wordsOfChannels({ ...params });
  const sum = words.reduce((total, [, count]) => total + count, 0);

  expect(words).toHaveLength(8);
  expect(new Set(words.map(([, count]) => count)).size).toBe(1);
  expect((51_865 * 512) / 4 / sum).toBeGreaterThan(0.96);
});

test("transfers of a channel are as many objects as its cores take, whatever the shape", () => {
  const size = fc.oneof(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 100, max: 3000 }));
  const shape = fc.record({
    m: fc.integer({ min: 1, max: 8 }),
    k: size,
    n: fc.oneof(size, fc.integer({ min: 8000, max: 30_000 })),
  });
  const endings = fc.subarray(["bias", "gelu", "residual"]);
  fc.assert(
    fc.property(fc.constantFrom(...gemvTypeNames), shape, endings, (dtype, { m, k, n }, ends) => {
      const shapes = [`${m}x${k}x${n}`, ...ends].join("_");
      const {
        objectWords,
        o,
        shapes: [steps],
      } = plan(dtype, shapes);
      const objects = steps!.chapters * (steps!.keptObjects + steps!.unitsOfChapter * (o / 4) * steps!.chunks);

      for (const [, words] of wordsOfChannels({ dtype, shapes, columns: 8 })) expect(words).toBe(objects * objectWords);
    }),
    { numRuns: 25, seed: 5 },
  );
});

test("rows of channels that are a word too long for a BD's size go in two halves", () => {
  for (const [dtype, shapes] of [
    ["i8_bf16", "1x512x2048"],
    ["i8_f32", "4x512x2048_residual"],
  ] as const) {
    const asked = { dtype, shapes, columns: 1 };
    const [steps] = planGemv({ type: gemvTypes[dtype], channels: 2, shapes: parseMatmulShapes(shapes, "gemv") }).shapes;

    const { warnings } = lowerDesign(gemvDesign({ device: "npu1_1col", params: asked }).module);

    expect([steps?.chapterRows, steps?.channelRows, warnings]).toEqual([1024, 2, []]);
  }
});

test("a build of several shapes tells every core which one comes; of one shape, nothing", () => {
  const settings = (shapes: string): number => {
    let count = 0;
    walk(gemvDesign({ device: "npu1", params: { ...params, shapes } }).module, (op) => {
      if (op.name === "aiex.npu.rtp_write" || op.name === "aiex.set_lock") count++;
    });
    return count;
  };

  expect(settings("1x384x384")).toBe(0);
  expect(settings("1x384x384.1x384x1536_gelu")).toBe(2 * 2 * 16);
});

test.each([
  ["i8_bf16", "1x384x1152.1x384x384_residual.1x384x1536_gelu.1x1536x384_residual"],
  ["bf16_bf16", "8x2048x512_bias_residual"],
  ["bf16_f32", "1x5120x1280"],
] as const)("%s %s fits a tile and lowers without warnings for npu1, npu2 and a column", (dtype, shapes) => {
  for (const device of ["npu1", "npu2", "npu1_1col"]) {
    const { warnings } = lowerDesign(gemvDesign({ device, params: { dtype, shapes, columns: 8 } }).module);
    expect(warnings).toEqual([]);
  }
  expect(plan(dtype, shapes).tileBytes).toBeLessThanOrEqual(65_536);
});

const decoderLayer = ["1x96x96_bias", "1x96x192_bias", "1x192x96_bias", "1x96x384_bias_gelu", "1x384x96_bias"];

test.each([1, 2, 3, 4, 5])("on npu2 what is read in vectors of 64 bytes is aligned to them, of %i shapes", (count) => {
  for (const dtype of ["bf16_bf16", "i8_bf16", "bf16_f32", "i8_f32"] as const) {
    const shapes = decoderLayer.slice(0, count);
    const { module } = lowerDesign(
      gemvDesign({ device: "npu2", params: { dtype, shapes: shapes.join("."), columns: 4 } }).module,
    );
    const addresses: (readonly [string, number])[] = [];
    walk(module, (op) => {
      const name = op.name === "aie.buffer" ? (op.text("sym_name") ?? "") : "";
      if (/^(kept|lanes|sums)_|_objects_.*_cons_buff/.test(name)) addresses.push([name, op.int("address")!]);
    });

    expect(addresses.length).toBeGreaterThan(3 * 4);
    expect(addresses.filter(([, address]) => address % 64 !== 0)).toEqual([]);
  }
});

test("x that fills a tile is refused with the rows and the K that fit, and not one more", () => {
  const hint = "at most 5 row(s) of x at a time, or K of at most 3072: split K and add the parts with a residual";
  expect(() => plan("bf16_bf16", "8x5120x1280")).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(/^gemv 8x5120x1280: x\[8, 5120\] takes 81920 B of a compute tile's 65536 B/),
      hint,
    }) as BudgetError,
  );

  expect(() => plan("bf16_bf16", "6x5120x1280")).toThrow(/6x5120x1280/);
  expect(() => plan("bf16_bf16", "8x3104x1280")).toThrow(/8x3104x1280/);
  for (const shapes of ["5x5120x1280", "8x3072x1280"])
    expect(plan("bf16_bf16", shapes).tileBytes).toBeLessThanOrEqual(65_536);
});

test("tile=whole pads no column of a decoder layer's products; sizes that cannot be whole are refused with the units", () => {
  const layer = "1x384x1152.1x384x384_residual.1x384x1536_gelu.1x1536x384_residual";
  const whole = { ...params, dtype: "i8_bf16", tile: "whole" };
  const { sequences } = gemvDesign({ device: "npu1", params: { ...whole, shapes: layer } });

  expect(sequences.flatMap(({ args }) => args.filter(({ padded }) => padded !== undefined))).toEqual([]);
  expect(() => gemvDesign({ device: "npu1", params: { ...whole, shapes: "1x384x100" } })).toThrow(
    expect.objectContaining({
      hint: "take K of whole 32 and N of whole 128 (fewer columns: less), or tile=auto",
    }) as BudgetError,
  );
});

test("rows, types and mixtures that are not supported are refused with the nearest choice", () => {
  expect(() => plan("i8_f32", "9x64x64")).toThrow(/9 rows of x: expected 1 to 8/);
  expect(() => plan("i8_f32", "1x64x64.2x64x64")).toThrow(/1x64x64 has 1 row\(s\) of x, 2x64x64 2/);
  expect(() => gemvDesign({ device: "npu1", params: { ...params, dtype: "i16_f32" } })).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("--param dtype=i8_f32") }) as UsageError,
  );
  expect(() => gemvDesign({ device: "npu1", params: { ...params, shapes: "1x64" } })).toThrow(/^gemv: shapes 1x64/);
});

test("the inputs decide shape and type; what does not fit together is refused", () => {
  const fit = (
    w: { dtype: "i8" | "bf16" | "i16"; shape: readonly number[] },
    more = {},
    x: readonly number[] = [1, 64],
  ) => gemvEntry.fit?.({ x: { dtype: "bf16", shape: x }, w, ...more }, {});
  const channels = { dtype: "f32", shape: [2, 99] };

  expect(fit({ dtype: "i8", shape: [99, 64] }, { channels })).toEqual({ dtype: "i8_bf16", shapes: "1x64x99" });
  expect(fit({ dtype: "bf16", shape: [99, 64] }, { channels, residual: { dtype: "bf16", shape: [1, 99] } })).toEqual({
    dtype: "bf16_bf16",
    shapes: "1x64x99_bias_residual",
  });
  expect(() => fit({ dtype: "i8", shape: [99, 64] })).toThrow(/int8 weights need channels, f32\[2, 99\]/);
  expect(() => fit({ dtype: "bf16", shape: [64, 99] })).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/transpose this one/) }) as ShapeError,
  );
  expect(() => fit({ dtype: "i16", shape: [99, 64] })).toThrow(/input w: expected i8 or bf16, got i16/);
  expect(() => fit({ dtype: "bf16", shape: [99, 64] }, {}, [9, 64])).toThrow(
    expect.objectContaining({ hint: "use matmul, or 8 rows at a time" }) as ShapeError,
  );
});

/** Words that the first sequence sends on each stream of weights. */
function wordsOfChannels(params: { dtype: string; shapes: string; columns: number }): (readonly [string, number])[] {
  const words = new Map<string, number>();
  walk(gemvDesign({ device: "npu1", params }).module, (op) => {
    const name = op.text("metadata") ?? "";
    const sizes = op.attributes.get("static_sizes");
    if (op.name !== "aiex.npu.dma_memcpy_nd" || !name.startsWith("w") || sizes?.kind !== "dense-array") return;
    words.set(name, (words.get(name) ?? 0) + sizes.values.reduce<number>((product, size) => product * Number(size), 1));
  });
  return [...words];
}
