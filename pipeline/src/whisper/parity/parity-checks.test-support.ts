import { expect } from "vitest";
import { decodeWindow } from "../decoding/decode-window.ts";
import type { EncoderState, WhisperExecutor } from "../executor.ts";
import {
  type ParityClip,
  type ParityMode,
  parityModes,
  type RealSizesFixture,
  realSizesFeatures,
  realSizesOptions,
  signedSums,
  unpacked,
} from "./real-sizes.test-support.ts";

/** Largest error of any encoder output in float32 that passes. */
export const encoderTolerance = 1e-3;

/** Encodes full window `index` and holds states, their sums and the prompt's logits against transformers. */
export async function expectFullWindow(executor: WhisperExecutor, fixture: RealSizesFixture, index: number) {
  const { sizes, fullRows, prompt, logitStep } = fixture;
  const expected = fixture.full[index]!;

  const state = await executor.encode(realSizesFeatures(fixture, `full ${index}`, 2 * sizes.audioPositions));
  const output = await state.output();
  const session = await executor.decode(state);
  const logits = await session.prefill(prompt, [...prompt.keys()]);
  await session.close();

  expect(output.shape).toEqual([sizes.audioPositions, sizes.width]);
  const rows = Float32Array.from(
    fullRows.flatMap((row) => [...output.data.subarray(row * sizes.width, (row + 1) * sizes.width)]),
  );
  expect(maxAbsErr(rows, unpacked(expected.rows))).toBeLessThan(encoderTolerance);
  expect(maxAbsErr(signedSums(output), unpacked(expected.projections))).toBeLessThan(encoderTolerance);
  const sum = output.data.reduce((total, value) => total + value, 0);
  const squares = output.data.reduce((total, value) => total + value * value, 0);
  // As the bound of each state: were all errors of one sign, they would add up to positions * width * 1e-3 at most.
  expect(Math.abs(sum - expected.sum) / output.data.length).toBeLessThan(encoderTolerance);
  expect(Math.abs(squares / expected.squares - 1)).toBeLessThan(encoderTolerance);
  const sampled = logits.data.filter((_, i) => (i % sizes.vocab) % logitStep === 0);
  expect(maxAbsErr(sampled, unpacked(expected.logits))).toBeLessThan(logitTolerance);
  return state;
}

// Logits reach 40; a state that is 1e-3 off moves one by about |row of the head| * 1e-3 = 11 * 1e-3.
const logitTolerance = 0.02;

/** Decodes an encoded window in these modes and holds tokens and log probabilities against openai-whisper. */
export async function expectTokens(
  executor: WhisperExecutor,
  fixture: RealSizesFixture,
  { state, clip, name }: { readonly state: EncoderState; readonly clip: ParityClip; readonly name: string },
  modes: readonly ParityMode[] = Object.keys(parityModes) as ParityMode[],
) {
  for (const mode of modes) {
    const { tokens, avgLogProb } = await decodeWindow(executor, state, realSizesOptions(fixture, mode));
    expect(tokens, `${fixture.name}, ${name}, ${mode}`).toEqual(clip.tokens[mode]);
    expect(Math.abs(avgLogProb - clip.avgLogProb[mode]), `${name}, ${mode}`).toBeLessThan(logitTolerance);
  }
}

/** Encodes and decodes clip `index`, a short window. */
export async function expectClip(
  executor: WhisperExecutor,
  fixture: RealSizesFixture,
  index: number,
  modes?: readonly ParityMode[],
) {
  const clip = fixture.clips[index]!;
  const state = await executor.encode(realSizesFeatures(fixture, `clip ${index}`, clip.frames));
  expect(maxAbsErr(signedSums(await state.output()), unpacked(clip.projections))).toBeLessThan(encoderTolerance);
  await expectTokens(executor, fixture, { state, clip, name: `clip ${index}` }, modes);
  await state.close();
}

/** Largest difference of two arrays of one length. */
export function maxAbsErr(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < got.length; i++) worst = Math.max(worst, Math.abs(got[i]! - expected[i]!));
  return worst;
}
