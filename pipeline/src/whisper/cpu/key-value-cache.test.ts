import { expect, test } from "vitest";
import { openAi } from "../decoding/openai-fixture.test-support.ts";
import { maxAbsErr } from "../executor-contract.test-support.ts";
import { referenceExecutor } from "../reference/reference-executor.ts";
import { seededArray, seededWeights } from "../seeded-model.test-support.ts";
import { noOnnxRuntime, testCpuExecutor } from "./cpu-model.test-support.ts";

test("cpu: a cache that grows from 64 to 150 positions keeps what two rows have seen", async ({ skip }) => {
  if (noOnnxRuntime !== undefined) skip(noOnnxRuntime);
  const sizes = { ...openAi.sizes, textPositions: 150 };
  const features = seededArray("features", [sizes.mels, 40], 4);
  const tokens = Array.from({ length: 150 }, (_, i) => (i * 37) % sizes.vocab);
  const reference = await referenceExecutor(sizes, seededWeights(sizes));
  const exact = await reference.decode(await reference.encode(features));
  const expected = (await exact.prefill(tokens, [...tokens.keys()])).data;
  const executor = await testCpuExecutor(sizes, seededWeights(sizes));
  const session = await executor.decode(await executor.encode(features));

  await session.prefill(tokens.slice(0, 60));
  await session.reorder([0, 0]);
  for (let i = 60; i < 150; i++) {
    // Row 0 sees another token at 70, so the rows differ from there on.
    const { data } = await session.step([i === 70 ? 1 : tokens[i]!, tokens[i]!]);
    // 20 roundings of values up to 30.
    const row = data.subarray(sizes.vocab);
    expect(maxAbsErr(row, expected.subarray(i * sizes.vocab, (i + 1) * sizes.vocab)), `token ${i}`).toBeLessThan(4e-5);
    if (i > 70) expect(maxAbsErr(row, data.subarray(0, sizes.vocab))).toBeGreaterThan(0);
  }

  expect(session.length).toBe(150);
  await executor.close();
});
