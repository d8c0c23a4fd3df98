import { expect, test } from "vitest";
import { referenceExecutor } from "../reference/reference-executor.ts";
import { seededArray, seededWeights } from "../seeded-model.test-support.ts";
import { noOnnxRuntime, testCpuExecutor } from "./cpu-model.test-support.ts";

const sizes = {
  ...{ mels: 8, width: 128, encoderLayers: 2, encoderHeads: 2, encoderHidden: 256 },
  ...{ decoderLayers: 2, decoderHeads: 2, decoderHidden: 256, vocab: 300, audioPositions: 30, textPositions: 24 },
};

/** Rounds weights as int8 does, by its definition and not by its code: 127 steps of the largest of 128 neighbours. */
function roundedWeights(source: ReturnType<typeof seededWeights>): ReturnType<typeof seededWeights> {
  return async (name) => {
    const array = await source(name);
    const data = array?.data as Float32Array;
    if (!/(proj|fc1|fc2|embed_tokens)\.weight$/.test(name)) return array;
    for (let from = 0; from < data.length; from += 128) {
      const part = data.subarray(from, from + 128);
      const step = Math.max(...part.map(Math.abs)) / 127;
      part.forEach((value, i) => {
        part[i] = step * Math.round(value / step);
      });
    }
    return array;
  };
}

test("cpu int8: results are those of weights in 8 bits, but for the rounding of states", async ({ skip }) => {
  if (noOnnxRuntime !== undefined) skip(noOnnxRuntime);
  const features = seededArray("features", [sizes.mels, 60], 4);
  const tokens = [5, 299, 7, 0];
  const run = async (executor: Awaited<ReturnType<typeof referenceExecutor>>) => {
    const state = await executor.encode(features);
    const session = await executor.decode(state);
    const logits = [...(await session.prefill(tokens, [...tokens.keys()])).data, ...(await session.step([9])).data];
    await executor.close();
    return { encoded: (await state.output()).data, logits: Float32Array.from(logits) };
  };

  const int8 = await run(await testCpuExecutor(sizes, seededWeights(sizes), { precision: "int8" }));
  const rounded = await run(await referenceExecutor(sizes, roundedWeights(seededWeights(sizes))));
  const exact = await run(await referenceExecutor(sizes, seededWeights(sizes)));

  // A state's step is 1/127 of the largest of 128, some 3 times their root mean square: 3 / 127 / sqrt(12) = 0.7 % of a
  // product. Of products one behind another the encoder has 8 (4 a layer), encoder and decoder 21: 0.7 % sqrt(n).
  expect(relativeError(int8.encoded, rounded.encoded)).toBeLessThan(0.02);
  expect(relativeError(int8.logits, rounded.logits)).toBeLessThan(0.032);
  for (const part of ["encoded", "logits"] as const) {
    expect(relativeError(int8[part], exact[part])).toBeGreaterThan(relativeError(int8[part], rounded[part]));
    expect(relativeError(int8[part], exact[part])).toBeGreaterThan(0.005);
  }
});

/** Root mean square of the difference over that of what is expected. */
function relativeError(got: Float32Array, expected: Float32Array): number {
  expect(got.length).toBe(expected.length);
  const square = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(square(got.map((value, i) => value - expected[i]!)) / square(expected));
}
