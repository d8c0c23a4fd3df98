import { openDevice } from "@aiekit/host";
import { referenceExecutor, type WhisperSizes } from "@aiekit/pipeline";
import { cosine, relativeL2 } from "@aiekit/validate";
import { expect, test } from "vitest";
import { noise, noiseExecutor, noiseSizes, noiseWeights } from "./noise-whisper.test-support.ts";

const minutes = 60_000;

/** config.json of openai/whisper-tiny. */
const tiny: WhisperSizes = {
  mels: 80,
  width: 384,
  encoderLayers: 4,
  encoderHeads: 6,
  encoderHidden: 1536,
  decoderLayers: 4,
  decoderHeads: 6,
  decoderHidden: 1536,
  vocab: 51865,
  audioPositions: 1500,
  textPositions: 448,
};

test(
  "whisper-tiny's sizes, noise for weights: the encoder's cosine to the reference is above 0.999, and 6 tokens are its own",
  async () => {
    const device = await openDevice("sim");
    const [ours, theirs] = [await noiseExecutor({ device }, tiny), await referenceExecutor(tiny, noiseWeights(tiny))];
    const features = noise("features", [80, 3000], 1);
    const [state, expected] = [await ours.encode(features), await theirs.encode(features)];

    const [own, other] = [(await state.output()).data, (await expected.output()).data];
    expect(cosine(other, own)).toBeGreaterThan(0.999);

    const [session, wanted] = [await ours.decode(state), await theirs.decode(expected)];
    let [logits, right] = [await session.prefill([5, 6, 7]), await wanted.prefill([5, 6, 7])];
    for (let i = 0; i < 6; i++) {
      expect(cosine(right.data, logits.data)).toBeGreaterThan(0.999);
      const token = largest(right.data);
      expect(largest(logits.data), `token ${i}`).toBe(token);
      [logits, right] = [await session.step([token]), await wanted.step([token])];
    }
    await ours.close();
    await device.close();
  },
  20 * minutes,
);

test(
  "windows of two lengths after each other: each is the reference's, and the first again is what it was",
  async () => {
    const device = await openDevice("sim");
    const ours = await noiseExecutor({ device });
    const theirs = await referenceExecutor(noiseSizes, noiseWeights(noiseSizes));
    const encoded = async (frames: number) => {
      const features = noise(`features ${frames}`, [80, frames], 1);
      const [own, other] = [await ours.encode(features), await theirs.encode(features)];
      const session = await ours.decode(own);
      const [logits, right] = [await session.prefill([5, 6, 7]), await (await theirs.decode(other)).prefill([5, 6, 7])];
      expect(relativeL2(right.data, logits.data), `${frames} frames`).toBeLessThan(0.02);
      const states = (await own.output()).data;
      expect(cosine((await other.output()).data, states), `${frames} frames`).toBeGreaterThan(0.999);
      await session.close();
      await own.close();
      return states;
    };

    const first = await encoded(100);
    await encoded(62);
    expect(await encoded(100)).toEqual(first);
    await ours.close();
    await device.close();
  },
  20 * minutes,
);

test(
  "a wide feed-forward part leaves 5 rows: prompts in chunks of 5, and 5 sequences, are the reference's",
  async () => {
    const sizes = { ...noiseSizes, decoderHidden: 3200 };
    const device = await openDevice("sim");
    const ours = await noiseExecutor({ device }, sizes);
    const theirs = await referenceExecutor(sizes, noiseWeights(sizes));
    const features = noise("features", [80, 100], 1);
    const [own, other] = [
      await ours.decode(await ours.encode(features)),
      await theirs.decode(await theirs.encode(features)),
    ];
    const prompt = [5, 6, 7, 8, 9, 10, 11];
    const [logits, right] = [await own.prefill(prompt, [0, 4, 5, 6]), await other.prefill(prompt, [0, 4, 5, 6])];
    expect(relativeL2(right.data, logits.data)).toBeLessThan(0.02);
    for (const session of [own, other]) {
      await session.reorder([0, 0, 0, 0, 0]);
      await session.step([1, 2, 3, 4, 5]);
      await session.reorder([4, 3, 2, 1, 0]);
    }
    const [after, expected] = [await own.step([5, 4, 3, 2, 1]), await other.step([5, 4, 3, 2, 1])];

    expect(relativeL2(expected.data, after.data)).toBeLessThan(0.02);
    await expect(own.reorder(new Array(6).fill(0))).rejects.toThrow("expected 1 to 5 rows, got 6");
    await ours.close();
    await device.close();
  },
  20 * minutes,
);

function largest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
