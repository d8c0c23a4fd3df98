import type { DecoderSession, WhisperExecutor } from "@aiekit/pipeline";
import { referenceExecutor } from "@aiekit/pipeline";
import { cosine, relativeL2 } from "@aiekit/validate";
import { expect, test } from "vitest";
import { noise, noiseSizes, noiseWeights } from "./noise-whisper.test-support.ts";

const { mels, vocab, audioPositions } = noiseSizes;
const features = noise("features", [mels, 2 * audioPositions], 1);

interface ExecutorUnderTest {
  readonly name: string;
  /** Of the model of noise-whisper.test-support.ts. Opened once, for all tests. */
  readonly open: () => Promise<WhisperExecutor>;
  /** Largest relative differences from the plain TypeScript, of the norm of the difference to that of the result. */
  readonly encoderError: number;
  readonly decoderError: number;
  /** Of the first test, which opens it. */
  readonly timeoutMs: number;
  /** Why there is no such executor here; each test is then skipped with it. */
  readonly skipReason?: string | undefined;
}

/** What every executor does on one model, whatever computes it: it does what the plain TypeScript does, up to its roundings. */
export function executorSuite({
  name,
  open,
  encoderError,
  decoderError,
  timeoutMs,
  skipReason,
}: ExecutorUnderTest): void {
  let both: Promise<{ readonly executor: WhisperExecutor; readonly reference: WhisperExecutor }> | undefined;
  const openBoth = async () => ({
    executor: await open(),
    reference: await referenceExecutor(noiseSizes, noiseWeights(noiseSizes)),
  });
  const fact = (
    title: string,
    body: (pair: { executor: WhisperExecutor; reference: WhisperExecutor }) => Promise<void>,
  ) =>
    test(
      `${name}: ${title}`,
      async ({ skip }) => {
        if (skipReason !== undefined) skip(skipReason);
        both ??= openBoth();
        await body(await both);
      },
      timeoutMs,
    );

  fact("the encoder is the reference's, cosine above 0.999", async ({ executor, reference }) => {
    const [state, expected] = [await executor.encode(features), await reference.encode(features)];
    const [own, other] = [(await state.output()).data, (await expected.output()).data];

    expect(state.positions).toBe(expected.positions);
    expect(cosine(other, own)).toBeGreaterThan(0.999);
    expect(relativeL2(other, own)).toBeLessThan(encoderError);
    await state.close();
  });

  fact(
    "12 tokens are the reference's, logits and cross-attention too, fed one by one and as a prompt of 11",
    async ({ executor, reference }) => {
      const [ours, theirs] = [await opened(executor), await opened(reference)];
      const tokens = [5, 6, 7];
      let [logits, expected] = [await ours.prefill(tokens), await theirs.prefill(tokens)];
      for (let i = 0; i < 12; i++) {
        expect(relativeL2(expected.data, logits.data)).toBeLessThan(decoderError);
        const token = largest(expected.data);
        expect(largest(logits.data), `token ${i}`).toBe(token);
        tokens.push(token);
        [logits, expected] = [await ours.step([token]), await theirs.step([token])];
      }
      expect(ours.length).toBe(15);
      const [cross, expectedCross] = [await ours.crossAttention(0), await theirs.crossAttention(0)];
      expect(cross.shape).toEqual(expectedCross.shape);
      expect(relativeL2(expectedCross.data, cross.data)).toBeLessThan(2 * decoderError);

      const [prompted, expectedPrompted] = [await opened(executor), await opened(reference)];
      const at = [0, 7, 8, 10];
      const [all, wanted] = [
        await prompted.prefill(tokens.slice(0, 11), at),
        await expectedPrompted.prefill(tokens.slice(0, 11), at),
      ];
      expect(all.shape).toEqual([4, vocab]);
      expect(relativeL2(wanted.data, all.data)).toBeLessThan(decoderError);
      const next = tokens.slice(11, 12);
      const [after, expectedAfter] = [await prompted.step(next), await expectedPrompted.step(next)];
      expect(relativeL2(expectedAfter.data, after.data)).toBeLessThan(decoderError);
    },
  );

  fact("a window that another executor encoded is decoded", async ({ executor, reference }) => {
    const state = await reference.encode(features);
    const [ours, theirs] = [await executor.decode(state), await reference.decode(state)];
    const [logits, expected] = [await ours.prefill([5, 6, 7]), await theirs.prefill([5, 6, 7])];

    expect(relativeL2(expected.data, logits.data)).toBeLessThan(decoderError);
    await state.close();
    await expect(executor.decode(await reference.encode(features))).resolves.toBeDefined();
    await expect(reference.decode(state)).rejects.toThrow("not closed");
  });

  fact(
    "sequences that are repeated, swapped and dropped each go on as the reference's",
    async ({ executor, reference }) => {
      const [ours, theirs] = [await opened(executor), await opened(reference)];
      for (const session of [ours, theirs]) {
        await session.prefill([5, 6]);
        await session.reorder([0, 0, 0]);
        await session.step([7, 8, 9]);
        await session.reorder([2, 0, 2, 1]);
      }
      const [logits, expected] = [await ours.step([1, 2, 3, 4]), await theirs.step([1, 2, 3, 4])];

      expect([ours.rows, ours.length]).toEqual([4, 4]);
      for (let row = 0; row < 4; row++) {
        const of = (data: Float32Array) => data.subarray(row * vocab, (row + 1) * vocab);
        expect(relativeL2(of(expected.data), of(logits.data)), `row ${row}`).toBeLessThan(decoderError);
        const [cross, other] = [await ours.crossAttention(row), await theirs.crossAttention(row)];
        expect(relativeL2(other.data, cross.data), `row ${row}`).toBeLessThan(2 * decoderError);
      }
      await expect(ours.step([1, 2, 3])).rejects.toThrow("expected 4 tokens, one a row, got 3");
    },
  );
}

async function opened(by: WhisperExecutor): Promise<DecoderSession> {
  return by.decode(await by.encode(features), { keepCrossAttention: true });
}

function largest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
