import { readFileSync } from "node:fs";
import { BudgetError, FormatError, ShapeError, tensor, UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import { seededArray, seededWeights } from "../seeded-model.test-support.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { erf } from "./gelu.ts";
import { referenceExecutor } from "./reference-executor.ts";

// Made by pipeline/fixtures/whisper/make_transformers_fixture.py: PyTorch's float32 on the same seeded weights.
const fixture: {
  sizes: WhisperSizes;
  prompt: number[];
  encoder: number[];
  logits: number[];
  cross: number[];
  greedy: number[][];
} = JSON.parse(readFileSync(new URL("../../../fixtures/whisper/transformers.json", import.meta.url), "utf8"));
const { sizes, prompt } = fixture;
const executor = await referenceExecutor(sizes, seededWeights(sizes));
const clip = (index: number) => seededArray(`features ${index}`, [sizes.mels, 2 * sizes.audioPositions], 4);

// PyTorch rounds to float32 (2^-24) after each operation and the fixture to 7 digits; values reach 30, and about 20
// operations lie one behind another: 20 * 30 * 2^-24 = 4e-5.
const tolerance = 4e-5;

test("reference: the encoder is PyTorch's to 4e-5", async () => {
  const output = await (await executor.encode(clip(0))).output();

  expect(output.shape).toEqual([sizes.audioPositions, sizes.width]);
  expect(maxAbsErr(output.data, fixture.encoder)).toBeLessThan(tolerance);
});

test("reference: logits and cross-attention of 23 tokens are PyTorch's, in one prefill and token by token", async () => {
  const state = await executor.encode(clip(0));
  const tokens = fixture.greedy[0]!;
  const whole = await executor.decode(state, { keepCrossAttention: true });
  const stepped = await executor.decode(state, { keepCrossAttention: true });

  const atOnce = await whole.prefill(
    tokens,
    tokens.map((_, i) => i),
  );
  const one = [...(await stepped.prefill(tokens.slice(0, 1))).data];
  for (const token of tokens.slice(1)) one.push(...(await stepped.step([token])).data);

  expect(maxAbsErr(atOnce.data, fixture.logits)).toBeLessThan(tolerance);
  expect(maxAbsErr(one, fixture.logits)).toBeLessThan(tolerance);
  for (const session of [whole, stepped]) {
    const cross = await session.crossAttention(0);
    expect(cross.shape).toEqual([sizes.decoderLayers, sizes.decoderHeads, tokens.length, sizes.audioPositions]);
    expect(maxAbsErr(cross.data, fixture.cross)).toBeLessThan(tolerance);
  }
});

test("reference: the largest logit is PyTorch's for 20 tokens of 50 clips", async () => {
  for (const [index, expected] of fixture.greedy.entries()) {
    const session = await executor.decode(await executor.encode(clip(index)));
    const tokens = [...prompt];
    let logits = await session.prefill(prompt);
    while (tokens.length < expected.length) {
      tokens.push(argmax(logits.data));
      if (tokens.length < expected.length) logits = await session.step(tokens.slice(-1));
    }
    expect(tokens, `clip ${index}`).toEqual(expected);
  }
});

test("reference: rows that are repeated, dropped and swapped give what each sequence gives alone", async () => {
  const state = await executor.encode(clip(1));
  const alone = async (tokens: number[]) => (await (await executor.decode(state)).prefill(tokens)).data;
  const session = await executor.decode(state, { keepCrossAttention: true });

  await session.prefill([5, 6]);
  await session.reorder([0, 0, 0]);
  await session.step([7, 8, 9]);
  await session.reorder([2, 0, 2, 2]);
  const logits = await session.step([1, 2, 3, 4]);

  const sequences = [
    [5, 6, 9, 1],
    [5, 6, 7, 2],
    [5, 6, 9, 3],
    [5, 6, 9, 4],
  ];
  expect(session.rows).toBe(4);
  for (const [row, tokens] of sequences.entries()) {
    const own = logits.data.subarray(row * sizes.vocab, (row + 1) * sizes.vocab);
    expect(maxAbsErr(own, await alone(tokens)), `row ${row}`).toBe(0);
    expect((await session.crossAttention(row)).shape[2]).toBe(4);
  }
});

test("reference: a short window has its own positions, and its first ones see the cut", async () => {
  const full = await (await executor.encode(clip(0))).output();
  const cut = tensor("f32", [sizes.mels, 13]);
  for (let mel = 0; mel < sizes.mels; mel++) {
    cut.data.set(clip(0).data.subarray(mel * 40, mel * 40 + 13), mel * 13);
  }

  const state = await executor.encode(cut);

  expect(state.positions).toBe(7);
  const short = (await state.output()).data;
  expect(maxAbsErr(short, full.data.subarray(0, short.length))).toBeGreaterThan(1e-3);
});

test("reference: what it cannot run is refused with what was expected", async () => {
  const state = await executor.encode(clip(0));
  const session = await executor.decode(state);
  const without = async (name: string) => (name.endsWith("0.fc1.bias") ? undefined : seededWeights(sizes)(name));

  await expect(executor.encode(tensor("f32", [8, 41]))).rejects.toThrow(
    new ShapeError("encoder: features: expected f32[8, 1 to 40], got f32[8, 41]"),
  );
  await expect(session.prefill([100])).rejects.toThrow(new UsageError("decoder: token 100: expected one of 0 to 99"));
  await expect(session.prefill(new Array(25).fill(1))).rejects.toThrow(BudgetError);
  await session.prefill(new Array(24).fill(1));
  await expect(session.step([1])).rejects.toThrow(/24 positions, expected 1 to 0 more tokens, got 1/);
  await expect(session.crossAttention(0)).rejects.toThrow(/was not kept/);
  await expect(referenceExecutor(sizes, without)).rejects.toThrow(
    new FormatError("weights: model.encoder.layers.0.fc1.bias is missing"),
  );
  await expect(referenceExecutor({ ...sizes, vocab: 99 }, async (n) => seededWeights(sizes)(n))).rejects.toThrow(
    "weights: model.decoder.embed_tokens.weight: expected f32[99, 16], got f32[100, 16]",
  );
  await expect(referenceExecutor({ ...sizes, encoderHeads: 3 }, seededWeights(sizes))).rejects.toThrow(/3 heads/);
  await state.close();
  await expect(executor.decode(state)).rejects.toThrow(/not closed/);
});

// Abramowitz and Stegun, table 7.1, and erfc(3) of table 7.3.
test("reference: erf to 1e-10 on both sides of where its formula changes", () => {
  const table = [
    [0, 0],
    [0.5, 0.5204998778],
    [1, 0.8427007929],
    [2, 0.995322265],
    [2.4, 0.9993114861],
    [2.6, 0.9997639656],
    [3, 0.9999779095],
    [7, 1],
  ] as const;
  for (const [x, expected] of table) {
    expect(Math.abs(erf(x) - expected), `erf(${x})`).toBeLessThan(1e-10);
    expect(erf(-x)).toBe(-erf(x));
  }
  expect(Math.abs(erf(2.5 - 1e-13) - erf(2.5))).toBeLessThan(1e-14);
});

function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

function maxAbsErr(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < got.length; i++) worst = Math.max(worst, Math.abs(got[i]! - expected[i]!));
  return worst;
}
