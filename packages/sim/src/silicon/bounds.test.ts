import { deviceModel } from "@aiekit/mlir";
import fc from "fast-check";
import { expect, test } from "vitest";
import { dmaWork } from "./dma-time.ts";
import { encoderNames, encoderSeconds } from "./encoder-time.ts";
import { type GemmJob, gemmPeak, gemmSeconds } from "./gemm-time.ts";
import { siliconModel as model } from "./silicon-model.ts";
import { parseSiliconRows } from "./silicon-row.ts";

const check = <T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => void) =>
  fc.assert(fc.property(arbitrary, property), { seed: 9, numRuns: 2000 });

/** From 1 to 2^20, as often small as large. */
const size = fc
  .tuple(fc.integer({ min: 0, max: 19 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([power, part]) => Math.floor(2 ** (power + part)));
const job: fc.Arbitrary<GemmJob> = fc
  .record({ device: fc.constantFrom("npu1", "npu2"), part: fc.double({ min: 0, max: 1, noNaN: true }) })
  .chain(({ device, part }) =>
    fc.record({
      device: fc.constant(device),
      type: fc.constantFrom("int8", "int16", "bf16"),
      cores: fc.constantFrom(undefined, 1, Math.ceil(part * 4 * deviceModel(device).columns) || 1),
      tuned: fc.boolean(),
      ...{ M: size, K: size, N: size },
    }),
  );

test("a product is never above the multipliers' peak, and never below the cost of a launch", () => {
  check(job, (one) => {
    const { seconds } = gemmSeconds(one, model);

    expect((2 * one.M * one.K * one.N) / seconds).toBeLessThan(gemmPeak(one));
    expect(seconds).toBeGreaterThanOrEqual(model.launchSeconds);
    expect(Number.isFinite(seconds)).toBe(true);
  });
});

test("a product is never faster than its operands and result once through host memory, or its longest through the shims", () => {
  check(job, (one) => {
    const { M, K, N, device, cores } = one;
    const bytes = one.type === "int8" ? 1 : 2;
    const { columns, clockHz } = deviceModel(device);
    const moved = [bytes * M * K, bytes * K * N, 4 * M * N];
    const used = Math.ceil((cores ?? 4 * columns) / 4);
    const { seconds } = gemmSeconds(one, model);

    const least = moved.reduce((sum, n) => sum + n) / (model.hostBytesPerColumn * columns);
    expect(seconds).toBeGreaterThan(Math.max(least, Math.max(...moved) / (4 * clockHz * used)));
  });
});

test("a larger product never takes less, and one row, column or step more takes no more than its share", () => {
  check(fc.tuple(job, fc.constantFrom("M" as const, "K" as const, "N" as const), size), ([one, key, more]) => {
    const { seconds } = gemmSeconds(one, model);
    const larger = gemmSeconds({ ...one, [key]: one[key] + more }, model).seconds;

    expect(larger).toBeGreaterThanOrEqual(seconds);
    expect(larger).toBeLessThanOrEqual(seconds * (1 + more / one[key]) * (1 + 1e-12));
  });
});

test("a larger Whisper and a longer context never take less, served never less than raw, each launch at its cost", () => {
  const context = fc.integer({ min: 1, max: 3000 });
  check(fc.tuple(context, fc.boolean(), fc.constantFrom("npu1" as const, "npu2" as const)), ([n, served, device]) => {
    const seconds = (name: string, positions: number, isServed = served) =>
      encoderSeconds({ model: name, device, context: positions, served: isServed }, model)!;
    const bySize = encoderNames.map((name) => seconds(name, n));

    expect(bySize).toEqual([...bySize].sort((a, b) => a - b));
    expect(seconds("tiny", n + 1)).toBeGreaterThanOrEqual(seconds("tiny", n));
    expect(seconds("tiny", n, true)).toBeGreaterThan(seconds("tiny", n, false));
    expect(bySize[0]).toBeGreaterThan(4 * (6 + 2 * 6) * model.launchSeconds);
  });
});

test("a transfer never beats a word a cycle on each of its channels, and more words never take less", () => {
  const transfer = fc.record({
    words: fc.integer({ min: 1, max: 2 ** 30 }),
    columns: fc.integer({ min: 1, max: 4 }),
    channels: fc.integer({ min: 1, max: 2 }),
    direction: fc.constantFrom("MM2S", "S2MM", "both"),
  });
  const seconds = (fields: object): number => {
    const text = JSON.stringify([{ id: "x", device: "npu1", kind: "dma", ms: 1, what: "cold shim", ...fields }]);
    const found = dmaWork(parseSiliconRows(text, "f.json")[0]!, model);
    return typeof found === "string" ? Number.NaN : found.work.seconds;
  };
  check(transfer, (one) => {
    const streams = one.columns * one.channels * (one.direction === "both" ? 2 : 1);

    expect(seconds(one)).toBeGreaterThan(one.words / streams / 1.024e9);
    expect(seconds({ ...one, words: one.words + 1 })).toBeGreaterThan(seconds(one));
  });
});
