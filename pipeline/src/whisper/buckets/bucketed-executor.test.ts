import { ShapeError, UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import { openAi, openAiExecutor, openAiFeatures } from "../decoding/openai-fixture.test-support.ts";
import { bucketedExecutor } from "./bucketed-executor.ts";
import { LruPool } from "./lru-pool.ts";
import { chooseBucket, windowBuckets } from "./window-buckets.ts";

const reference = await openAiExecutor();

test("buckets: a sixth, a third, two thirds in multiples of 4 and the full window, the smallest that holds the frames", () => {
  expect(windowBuckets(1500)).toEqual([252, 500, 1000, 1500]);
  expect(windowBuckets(400)).toEqual([68, 136, 268, 400]);
  expect(windowBuckets(6)).toEqual([4, 6]);
  expect(windowBuckets(1500, { shares: [0.5], multiple: 64 })).toEqual([768, 1500]);
  expect([1, 504, 505, 1000, 3000].map((frames) => chooseBucket([252, 500, 1500], frames))).toEqual([
    252, 252, 500, 500, 1500,
  ]);
  expect(() => chooseBucket([252], 505)).toThrow(new ShapeError("buckets: expected 1 to 504 frames, got 505"));
  expect(() => windowBuckets(1500, { shares: [2] })).toThrow(UsageError);
});

test("bucketed executor: each window is compiled when first needed, kept, and closed when too many are open", async () => {
  const log: string[] = [];
  const executor = bucketedExecutor({
    name: "bucketed",
    config: openAi.sizes,
    buckets: [10, 20, 50],
    compile: async (positions) => {
      log.push(`compile ${positions}`);
      return { ...reference, close: async () => void log.push(`close ${positions}`) };
    },
  });
  const run = async (frames: number) => {
    const state = await executor.encode(openAiFeatures("clip 1", frames));
    const session = await executor.decode(state);
    await session.prefill([openAi.special.sot]);
    await session.close();
    await state.close();
    return state.positions;
  };

  expect([await run(17), await run(100), await run(20), await run(30)]).toEqual([10, 50, 10, 20]);
  expect(log).toEqual(["compile 10", "compile 50", "compile 20", "close 50"]);
  await executor.close();
  expect(log.slice(4).sort()).toEqual(["close 10", "close 20"]);
  await expect(run(17)).rejects.toThrow("pool: it is closed");
});

test("bucketed executor: a full window gives what the executor in it gives; a state of another one is decoded, a closed one is not", async () => {
  const executor = bucketedExecutor({ name: "b", config: openAi.sizes, compile: async () => reference });
  const features = openAiFeatures("clip 3", 100);

  const state = await executor.encode(features);

  expect((await state.output()).data).toEqual((await (await reference.encode(features)).output()).data);
  const [prompt, other] = [[openAi.special.sot], await reference.encode(features)];
  const session = await executor.decode(other);
  const expected = await (await reference.decode(other)).prefill(prompt);
  expect((await session.prefill(prompt)).data).toEqual(expected.data);
  await session.close();
  await state.close();
  await expect(executor.decode(state)).rejects.toThrow(/not closed/);
  await expect(executor.encode(openAiFeatures("clip 3", 101))).rejects.toThrow(ShapeError);
});

test("pool: who asks while it is made gets the same one; what is in use is closed when it is released", async () => {
  const closed: string[] = [];
  let made = 0;
  const pool = new LruPool(
    async (key: string) => {
      made++;
      return { key, close: async () => void closed.push(key) };
    },
    { most: 1 },
  );

  const [first, second] = await Promise.all([pool.lease("a"), pool.lease("a")]);
  const other = await pool.lease("b");

  expect(first.value).toBe(second.value);
  expect(made).toBe(2);
  await first.release();
  await first.release();
  expect(closed).toEqual([]);
  await second.release();
  expect(closed).toEqual(["a"]);
  await pool.close();
  expect(closed).toEqual(["a"]);
  await other.release();
  expect(closed).toEqual(["a", "b"]);
});

test("pool: bytes limit what is kept, and what could not be made is made anew", async () => {
  let isBroken = true;
  const pool = new LruPool(
    async (bytes: number) => {
      if (isBroken) throw new Error("no compiler");
      return { bytes, close: async () => {} };
    },
    { mostBytes: 10, sizeBytes: ({ bytes }) => bytes },
  );

  await expect(pool.lease(4)).rejects.toThrow("no compiler");
  isBroken = false;
  for (const bytes of [4, 5, 6]) await (await pool.lease(bytes)).release();

  expect(pool.keys()).toEqual([6]);
  await (await pool.lease(3)).release();
  expect(pool.keys()).toEqual([6, 3]);
});
