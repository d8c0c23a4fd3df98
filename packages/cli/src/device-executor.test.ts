import { tensor, UsageError } from "@aiekit/core";
import { openDevice } from "@aiekit/host";
import {
  type DecoderSession,
  type DeviceExecutor,
  referenceExecutor,
  tallyTracer,
  type WhisperExecutor,
} from "@aiekit/pipeline";
import { relativeL2 } from "@aiekit/validate";
import { afterAll, expect, test } from "vitest";
import { compileLimitMs } from "./compile-limit.test-support.ts";
import { executorSuite } from "./executor-suite.test-support.ts";
import { noise, noiseExecutor, noiseSizes, noiseWeights } from "./noise-whisper.test-support.ts";

/** Fifteen builds, side by side on a machine that is not busy. */
const buildsMs = 15 * compileLimitMs;

const { mels, audioPositions, decoderLayers, encoderLayers } = noiseSizes;
const features = noise("features", [mels, 2 * audioPositions], 1);
const reference = await referenceExecutor(noiseSizes, noiseWeights(noiseSizes));
const device = await openDevice("sim");
const tally = tallyTracer();
const executor = await noiseExecutor({ device, tracer: tally });
afterAll(async () => {
  await executor.close();
  await device.close();
});

/**
 * A rounding to bfloat16 errs by 2^-9 at most, by 2^-9 / sqrt(3) on average: 0.0011 of the value. On the way through a layer
 * lie 8 of results and 6 of weights, 4 in the front and 2 at the end: 34 of an encoder of 2 layers, if none grew 0.0066.
 * The other executor has none; twice that is room for noise that a layer makes larger.
 */
const encoderError = 2 * 0.0011 * Math.sqrt(14 * encoderLayers + 6);
/** The decoder adds 12 results and 9 weights a layer to the window's, which its attention averages over. */
const decoderError = 2 * 0.0011 * Math.sqrt(21 * decoderLayers + 6);

executorSuite({ name: "sim", open: async () => executor, encoderError, decoderError, timeoutMs: buildsMs });

test(
  "sound becomes the same window as the features that the device makes of it",
  async () => {
    const samples = noise("sound", [320 * audioPositions], 3000).data;
    const pcm = tensor("i16", [samples.length], Int16Array.from(samples));

    const direct = await executor.encodeSpeech(pcm);
    const made = await executor.encode(await executor.melFeatures(pcm));

    expect((await direct.output()).data).toEqual((await made.output()).data);
    for (const state of [direct, made]) await state.close();
  },
  buildsMs,
);

test(
  "a token is 12 launches a layer and 2 for the head; the array has at most 6 contexts, and 3 give the same bits",
  async () => {
    const counted = tallyTracer();
    const few = await noiseExecutor({ device: await openDevice("sim"), tracer: counted, contexts: 3 });
    const state = await few.encode(features);
    const session = await few.decode(state);
    const own = await session.prefill([5, 6, 7]);
    const { parts, mostContexts, total } = counted.trace();
    const other = await (await opened(executor)).prefill([5, 6, 7]);

    expect(own.data).toEqual(other.data);
    expect([mostContexts, tally.trace().mostContexts]).toEqual([3, 6]);
    expect(parts.encoder?.launches).toBe(3 + 7 * encoderLayers + 1);
    expect(parts.cross?.launches).toBe(decoderLayers);
    expect(parts.decoder?.launches).toBe(3 * 12 * decoderLayers);
    expect(parts.head?.launches).toBe(2);
    expect(total.modelledCycles).toBeGreaterThan(0);
    // A token's products read every weight of the decoder's layers once.
    expect(parts.decoder!.bytesToArray).toBeGreaterThan(3 * 2 * 8 * decoderLayers * 64 * 64);
    await few.close();
  },
  buildsMs,
);

/**
 * int8: half a step of max / 127 at most. The largest of 64 normal weights is 2.4 deviations, so a weight errs by
 * 2.4 / 127 / sqrt(12) = 0.0055 of a deviation on average, and a product by as much of its value; 9 products a layer.
 */
const int8Error = Math.hypot(decoderError, 2 * 0.0055 * Math.sqrt(9 * 2 + 1));

const int8EncoderError = Math.hypot(encoderError, 2 * 0.0055 * Math.sqrt(4));

test(
  "a layer of int8 weights beside one of bfloat16, and an int8 head: within what 127 steps lose, and not the same",
  async () => {
    const weightTypes = { encoder: ["int8", "bf16"], decoder: ["bf16", "int8"], head: "int8" } as const;
    const mixed = await noiseExecutor({ device: await openDevice("sim"), weightTypes });
    const [ours, theirs, whole] = [await opened(mixed), await opened(reference), await opened(executor)];
    const tokens = [5, 6, 7];
    const [logits, expected] = [await ours.prefill(tokens), await theirs.prefill(tokens)];

    const [window, exact] = [await mixed.encode(features), await reference.encode(features)];
    const encoded = relativeL2((await exact.output()).data, (await window.output()).data);
    expect(encoded).toBeLessThan(int8EncoderError);
    const error = relativeL2(expected.data, logits.data);
    expect(error).toBeLessThan(Math.hypot(int8Error, encoded));
    expect(error).toBeGreaterThan(relativeL2(expected.data, (await whole.prefill(tokens)).data));
    await mixed.close();
  },
  buildsMs,
);

test("what the device cannot run is refused with what was expected", async () => {
  const state = await executor.encode(features);
  const session = await executor.decode(state);
  await session.prefill([5]);
  await expect(session.reorder(new Array(9).fill(0))).rejects.toThrow("expected 1 to 8 rows, got 9");
  await state.close();

  await expect(executor.encode(noise("odd", [mels, 61], 1))).rejects.toThrow(
    "device: a window of 61 frames: expected an even number from 16 to 100",
  );
  await expect(executor.encode(noise("mels", [8, 100], 1))).rejects.toThrow(
    "expected f32[80, frames], got f32[8, 100]",
  );
  await expect(executor.decode(state)).rejects.toThrow(UsageError);
  await expect(noiseExecutor({ device }, { ...noiseSizes, decoderHeads: 16 })).rejects.toThrow(
    "device: decoder: 16 heads of 4 columns: expected heads of a multiple of 8, at most 64",
  );
});

async function opened(by: WhisperExecutor | DeviceExecutor): Promise<DecoderSession> {
  return by.decode(await by.encode(features), { keepCrossAttention: true });
}
