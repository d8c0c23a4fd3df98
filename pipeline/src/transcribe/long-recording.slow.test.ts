import { type Tensor, tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import { pipeSource } from "../audio/byte-source.ts";
import type { DecoderSession, WhisperExecutor } from "../whisper/executor.ts";
import { publishedOptions } from "./transcribe-options.ts";
import { raw, tinyTranscriber } from "./transcriber.test-support.ts";

const hours = 2;
const chunkSamples = 4000;

/** Two hours that are nowhere as a whole: noise in chunks of a quarter of a second. */
async function* twoHours(): AsyncGenerator<Uint8Array> {
  let state = 1;
  for (let chunk = 0; chunk < (hours * 3600 * 16_000) / chunkSamples; chunk++) {
    const samples = new Int16Array(chunkSamples);
    for (let i = 0; i < chunkSamples; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      samples[i] = (state >>> 16) - 32_768;
    }
    yield new Uint8Array(samples.buffer);
  }
}

/** Makes no features, and says `the` from begin to end of every window, at the price of nothing. */
function quickExecutor({ config }: WhisperExecutor, said: readonly number[]): WhisperExecutor {
  return {
    name: "quick",
    config,
    melFeatures: async ({ data }) => tensor("f32", [config.mels, data.length / 160]),
    encode: async () => ({
      positions: config.audioPositions,
      output: async () => tensor("f32", [config.audioPositions, config.width]),
      close: async () => {},
    }),
    decode: async () => {
      let step = 0;
      const logits = (rows: number): Tensor<"f32"> => {
        const all = tensor("f32", [rows, config.vocab], new Float32Array(rows * config.vocab).fill(-20));
        for (let row = 0; row < rows; row++) all.data[row * config.vocab + said[step]!] = 20;
        step++;
        return all;
      };
      const session: DecoderSession = {
        rows: 1,
        length: 0,
        prefill: async (_, at = [0]) => logits(at.length),
        step: async () => logits(1),
        reorder: async () => {},
        crossAttention: async () => tensor("f32", [1]),
        close: async () => {},
      };
      return session;
    },
    close: async () => {},
  };
}

test("two hours of sound are transcribed window by window, and the second hour holds no more memory than the first", async () => {
  // <|0.00|> the <|1.00|> <|endoftext|>, ids of the tiny tokenizer.
  const said = [270, 257, 320, 260];
  const { transcriber } = await tinyTranscriber({ wrap: (executor) => quickExecutor(executor, said) });
  const heldBytes: number[] = [];
  const onWindow = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    heldBytes.push(heapUsed + arrayBuffers);
  };

  const { durationSeconds, segments } = await transcriber.transcribe(
    pipeSource(twoHours(), "-"),
    { ...publishedOptions, language: "en" },
    { audio: { raw }, onWindow },
  );

  expect(durationSeconds).toBe(hours * 3600);
  expect(segments).toHaveLength(hours * 3600);
  expect(segments.at(-1)).toMatchObject({ text: "the", startSeconds: 7199, endSeconds: 7200 });
  // An hour of sound is 115 MB in 16 bits and 230 MB in float32; what the collector has not yet freed is below.
  const half = heldBytes.length / 2;
  const [first, second] = [Math.max(...heldBytes.slice(0, half)), Math.max(...heldBytes.slice(half))];
  expect(second - first).toBeLessThan(100e6);
}, 600_000);
