import { readFileSync } from "node:fs";
import { BudgetError, FormatError, ShapeError, tensor, UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import type { WeightSource } from "../encoder/encoder-weights.ts";
import { decodeWindow, type WindowOptions } from "./decoding/decode-window.ts";
import { openAi, openAiDefaults, openAiFeatures, openAiWeights } from "./decoding/openai-fixture.test-support.ts";
import type { WhisperExecutor } from "./executor.ts";
import { seededArray, seededWeights } from "./seeded-model.test-support.ts";
import type { WhisperSizes } from "./whisper-sizes.ts";

// Made by pipeline/fixtures/whisper/make_transformers_fixture.py: PyTorch's float32 on the same seeded weights.
const fixture: {
  sizes: WhisperSizes;
  prompt: number[];
  encoder: number[];
  logits: number[];
  cross: number[];
  greedy: number[][];
} = JSON.parse(readFileSync(new URL("../../fixtures/whisper/transformers.json", import.meta.url), "utf8"));
const { sizes, prompt } = fixture;
const clip = (index: number) => seededArray(`features ${index}`, [sizes.mels, 2 * sizes.audioPositions], 4);

interface ExecutorUnderTest {
  readonly name: string;
  readonly open: (config: WhisperSizes, source: WeightSource) => Promise<WhisperExecutor>;
  /**
   * Largest error against PyTorch's float32. It rounds by 2^-24 after each operation and the fixture to 7 digits; values
   * reach 30, and about 20 operations lie one behind another: 20 * 30 * 2^-24 = 4e-5 is PyTorch's own part.
   */
  readonly tolerance: number;
  /** Largest difference of a row's logits between a batch and the row alone; 0 where left out. */
  readonly batchTolerance?: number;
  /** Why nothing of this can run here. */
  readonly skipReason?: string | undefined;
}

/** The tests that every executor passes: its numbers are PyTorch's, its tokens openai-whisper's, its errors these. */
export function executorContract(under: ExecutorUnderTest): void {
  const { name, tolerance, batchTolerance = 0 } = under;
  const fact = (title: string, check: (executor: WhisperExecutor) => Promise<void>) =>
    test(`${name}: ${title}`, async ({ skip }) => {
      if (under.skipReason !== undefined) skip(under.skipReason);
      const executor = await under.open(sizes, seededWeights(sizes));
      await check(executor);
      await executor.close();
    });

  fact(`the encoder is PyTorch's to ${tolerance}`, async (executor) => {
    const state = await executor.encode(clip(0));
    const output = await state.output();

    expect(state.positions).toBe(sizes.audioPositions);
    expect(output.shape).toEqual([sizes.audioPositions, sizes.width]);
    expect(maxAbsErr(output.data, fixture.encoder)).toBeLessThan(tolerance);
  });

  fact("logits and cross-attention are PyTorch's, in one prefill and token by token", async (executor) => {
    const state = await executor.encode(clip(0));
    const tokens = fixture.greedy[0]!;
    const whole = await executor.decode(state, { keepCrossAttention: true });
    const stepped = await executor.decode(state, { keepCrossAttention: true });

    const atOnce = await whole.prefill(tokens, [...tokens.keys()]);
    const one = [...(await stepped.prefill(tokens.slice(0, 1))).data];
    for (const token of tokens.slice(1)) one.push(...(await stepped.step([token])).data);

    expect(atOnce.shape).toEqual([tokens.length, sizes.vocab]);
    expect(maxAbsErr(atOnce.data, fixture.logits)).toBeLessThan(tolerance);
    expect(maxAbsErr(one, fixture.logits)).toBeLessThan(tolerance);
    for (const session of [whole, stepped]) {
      expect([session.rows, session.length]).toEqual([1, tokens.length]);
      const cross = await session.crossAttention(0);
      expect(cross.shape).toEqual([sizes.decoderLayers, sizes.decoderHeads, tokens.length, sizes.audioPositions]);
      expect(maxAbsErr(cross.data, fixture.cross)).toBeLessThan(tolerance);
    }
  });

  fact(
    "a prefill gives logits where they are asked for, in that order, else behind the last token",
    async (executor) => {
      const tokens = fixture.greedy[0]!;
      const at = [4, 0, 4];
      const state = await executor.encode(clip(0));

      const picked = await (await executor.decode(state)).prefill(tokens, at);
      const last = await (await executor.decode(state)).prefill(tokens);

      const expected = (token: number) => fixture.logits.slice(token * sizes.vocab, (token + 1) * sizes.vocab);
      expect(picked.shape).toEqual([3, sizes.vocab]);
      expect(maxAbsErr(picked.data, at.flatMap(expected))).toBeLessThan(tolerance);
      expect(last.shape).toEqual([1, sizes.vocab]);
      expect(maxAbsErr(last.data, expected(tokens.length - 1))).toBeLessThan(tolerance);
    },
  );

  fact("the largest logit is PyTorch's for 20 tokens of 50 clips", async (executor) => {
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

  fact("rows that are repeated, dropped and swapped give what each sequence gives alone", async (executor) => {
    const state = await executor.encode(clip(1));
    const alone = async (tokens: readonly number[]) => {
      const session = await executor.decode(state, { keepCrossAttention: true });
      const { data } = await session.prefill(tokens);
      return { data, cross: await session.crossAttention(0) };
    };
    const session = await executor.decode(state, { keepCrossAttention: true });

    await session.prefill([5, 6]);
    await session.reorder([0, 0, 0]);
    await session.step([7, 8, 9]);
    await session.reorder([2, 0, 2, 2]);
    await session.step([1, 2, 3, 4]);
    await session.reorder([3, 2, 1, 1]);
    await session.step([10, 11, 12, 13]);
    await session.reorder([0, 3]);
    const logits = await session.step([14, 15]);

    const sequences = [
      [5, 6, 9, 4, 10, 14],
      [5, 6, 7, 2, 13, 15],
    ];
    expect([session.rows, session.length]).toEqual([2, 6]);
    expect(logits.shape).toEqual([2, sizes.vocab]);
    for (const [row, tokens] of sequences.entries()) {
      const own = logits.data.subarray(row * sizes.vocab, (row + 1) * sizes.vocab);
      const expected = await alone(tokens);
      expect(maxAbsErr(own, expected.data), `row ${row}`).toBeLessThanOrEqual(batchTolerance);
      const cross = await session.crossAttention(row);
      expect(cross.shape).toEqual(expected.cross.shape);
      expect(maxAbsErr(cross.data, expected.cross.data), `row ${row}`).toBeLessThanOrEqual(batchTolerance);
    }
  });

  fact("a short window has its own positions, and its first ones see the cut", async (executor) => {
    const full = await (await executor.encode(clip(0))).output();
    const cut = tensor("f32", [sizes.mels, 13]);
    for (let mel = 0; mel < sizes.mels; mel++) {
      cut.data.set(clip(0).data.subarray(mel * 40, mel * 40 + 13), mel * 13);
    }

    const state = await executor.encode(cut);

    expect(state.positions).toBe(7);
    const short = (await state.output()).data;
    expect(maxAbsErr(short, full.data.subarray(0, short.length))).toBeGreaterThan(1e-3);
    const session = await executor.decode(state, { keepCrossAttention: true });
    await session.prefill(prompt);
    expect((await session.crossAttention(0)).shape.at(-1)).toBe(7);
  });

  fact("sessions over one window and over another do not know of each other", async (executor) => {
    const states = [await executor.encode(clip(0)), await executor.encode(clip(1)), await executor.encode(clip(0))];
    const sessions = await Promise.all(states.map((state) => executor.decode(state)));
    const first = sessions[0]!;

    const prefills = await Promise.all(sessions.map((session) => session.prefill(prompt)));
    await first.step([7]);
    await sessions[1]!.close();
    const [a, c] = [await first.step([8]), await sessions[2]!.step([7])];

    expect(maxAbsErr(prefills[0]!.data, prefills[2]!.data)).toBe(0);
    expect(maxAbsErr(prefills[0]!.data, prefills[1]!.data)).toBeGreaterThan(1e-3);
    expect([first.length, sessions[2]!.length]).toEqual([prompt.length + 2, prompt.length + 1]);
    expect(maxAbsErr(a.data, c.data)).toBeGreaterThan(1e-3);
  });

  fact("what it cannot run is refused with what was expected", async (executor) => {
    const state = await executor.encode(clip(0));
    const session = await executor.decode(state);
    const full = 2 * sizes.audioPositions;

    await expect(executor.encode(tensor("f32", [sizes.mels, full + 1]))).rejects.toThrow(
      new ShapeError(
        `encoder: features: expected f32[${sizes.mels}, 1 to ${full}], got f32[${sizes.mels}, ${full + 1}]`,
      ),
    );
    await expect(executor.encode(tensor("f32", [sizes.mels, 0]))).rejects.toThrow(ShapeError);
    await expect(executor.encode(tensor("f32", [sizes.mels + 1, full]))).rejects.toThrow(ShapeError);
    await expect(session.prefill([100])).rejects.toThrow(new UsageError("decoder: token 100: expected one of 0 to 99"));
    await expect(session.prefill([1.5])).rejects.toThrow(UsageError);
    await expect(session.prefill([1, 2], [2])).rejects.toThrow(
      new UsageError("decoder: prefill: logits at 2: expected one of 0 to 1"),
    );
    await expect(session.prefill([])).rejects.toThrow(BudgetError);
    await expect(session.prefill(new Array(sizes.textPositions + 1).fill(1))).rejects.toThrow(BudgetError);
    expect(session.length).toBe(0);
    await session.prefill(new Array(sizes.textPositions - 1).fill(1));
    await expect(session.step([1, 2])).rejects.toThrow(
      new ShapeError("decoder: step: expected 1 tokens, one a row, got 2"),
    );
    await expect(session.reorder([1])).rejects.toThrow(new UsageError("decoder: row 1: expected one of 1"));
    await expect(session.prefill([1])).rejects.toThrow(/expected one empty row, got 1 of 23 tokens/);
    await session.step([1]);
    await expect(session.step([1])).rejects.toThrow(
      new BudgetError("decoder: the model has 24 positions, expected 1 to 0 more tokens, got 1"),
    );
    await expect(session.crossAttention(0)).rejects.toThrow(/was not kept/);
  });

  fact("what is closed is not run, and may be closed again", async (executor) => {
    const state = await executor.encode(clip(0));
    const session = await executor.decode(state);
    await session.prefill(prompt);

    await session.close();
    await session.close();
    await state.close();
    await state.close();

    await expect(session.step([1])).rejects.toThrow(ShapeError);
    await expect(session.prefill([1])).rejects.toThrow(UsageError);
    await expect(executor.decode(state)).rejects.toThrow(/not closed/);
  });

  test(`${name}: weights that are missing or do not fit are refused by name`, async ({ skip }) => {
    if (under.skipReason !== undefined) skip(under.skipReason);
    const weights = seededWeights(sizes);
    const without = async (array: string) => (array.endsWith("0.fc1.bias") ? undefined : weights(array));

    await expect(under.open(sizes, without)).rejects.toThrow(
      new FormatError("weights: model.encoder.layers.0.fc1.bias is missing"),
    );
    await expect(under.open({ ...sizes, vocab: 99 }, weights)).rejects.toThrow(
      "weights: model.decoder.embed_tokens.weight: expected f32[99, 16], got f32[100, 16]",
    );
    await expect(under.open({ ...sizes, encoderHeads: 3 }, weights)).rejects.toThrow(/3 heads/);
  });

  for (const [mode, options] of Object.entries(modes)) {
    const clips = openAi.decoded[mode]!;
    test(`${name}: ${mode}: ${clips.length} clips have the tokens of openai-whisper`, async ({ skip }) => {
      if (under.skipReason !== undefined) skip(under.skipReason);
      const executor = await under.open(openAi.sizes, openAiWeights());
      for (const [index, expected] of clips.entries()) {
        const state = await executor.encode(openAiFeatures(`clip ${index}`, 100));
        const got = await decodeWindow(executor, state, { ...openAiDefaults, ...options });
        expect(got.tokens, `clip ${index}`).toEqual(expected.tokens);
        await state.close();
      }
      await executor.close();
    });
  }
}

const modes: Readonly<Record<string, Partial<WindowOptions>>> = {
  greedy: {},
  greedyText: { timestamps: false },
  beam5: { search: { beams: 5 } },
  beam5Text: { search: { beams: 5 }, timestamps: false },
};

function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

export function maxAbsErr(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < got.length; i++) {
    const error = Math.abs(got[i]! - expected[i]!);
    // NaN compares with nothing.
    if (Number.isNaN(error)) return Number.NaN;
    worst = Math.max(worst, error);
  }
  return worst;
}
