import { expect, test } from "vitest";
import { openAiDefaults, openAiExecutor } from "../decoding/openai-fixture.test-support.ts";
import type { WhisperExecutor } from "../executor.ts";
import { upperHeads } from "../model-decoding.ts";
import { type AskedOptions, openAiWords, openAiWordsTokenizer } from "../openai-words.test-support.ts";
import { all, recording } from "./seeded-recording.test-support.ts";
import { type SlidingOptions, slidingWindows } from "./sliding-windows.ts";

const executor = await openAiExecutor(openAiWords.scaledRows);
const { special } = openAiWords;

/** Arguments of transcribe() as options. Its fixture passes null where a threshold is not named. */
function optionsOf(asked: AskedOptions): SlidingOptions {
  const { temperature = 0, beam_size: beams, language = "en" } = asked;
  return {
    window: {
      ...{ ...openAiDefaults, special, language, suppress: openAiWords.nonSpeech },
      search: beams === undefined ? { temperature: 0 } : { beams },
    },
    temperatures: typeof temperature === "number" ? [temperature] : temperature,
    thresholds: {
      compressionRatio: asked.compression_ratio_threshold ?? undefined,
      avgLogProb: asked.logprob_threshold ?? undefined,
      noSpeechProb: asked.no_speech_threshold ?? undefined,
    },
    conditionOnPrevious: asked.condition_on_previous_text ?? true,
    initialPrompt: asked.initial_prompt === undefined ? [] : openAiWords.prompt,
    carryInitialPrompt: asked.carry_initial_prompt ?? false,
    clipSeconds: asked.clip_timestamps ?? [],
    bestOf: asked.best_of ?? 1,
    text: (tokens) => new TextDecoder().decode(openAiWordsTokenizer.decodeBytes(tokens)),
    frameSeconds: 0.01,
  };
}

/** Counts what is decoded: every temperature that is tried is a session. */
function counted(inner: WhisperExecutor): WhisperExecutor & { sessions: number } {
  const outer = {
    ...inner,
    sessions: 0,
    decode: (...args: Parameters<WhisperExecutor["decode"]>) => {
      outer.sessions++;
      return inner.decode(...args);
    },
  };
  return outer;
}

for (const [i, asked] of openAiWords.asked.words.entries()) {
  test(`words: recording ${i}, ${JSON.stringify(asked)}: segments and words have the times of openai-whisper`, async () => {
    const expected = openAiWords.words[i]!;
    const silence = asked.hallucination_silence_threshold;
    const words = {
      tokenizer: openAiWordsTokenizer,
      alignmentHeads: upperHeads({ layers: 2, heads: 2 }),
      ...(silence === undefined ? {} : { hallucinationSilenceSeconds: silence }),
    };

    const segments = await all(slidingWindows(executor, recording(`words ${i}`), { ...optionsOf(asked), words }));

    // A window of one position divides by no deviation there, and gets a time one position before its begin.
    const at = (seconds: number, seek: number) => expect.closeTo(Math.max(seconds, seek / 100), 6);
    expect(
      segments.map(({ seek, tokens, startSeconds, endSeconds }) => [seek, tokens, startSeconds, endSeconds]),
    ).toEqual(expected.map(({ seek, tokens, start, end }) => [seek, tokens, at(start, seek), at(end, seek)]));
    expect(segments.flatMap((segment) => segment.words ?? [])).toEqual(
      expected.flatMap((segment) =>
        segment.words.map(({ word, start, end, probability }) => ({
          text: word,
          startSeconds: expect.closeTo(start, 6),
          endSeconds: expect.closeTo(end, 6),
          // Float32 softmax there, of logits up to 30: 30 * 2^-24 * 10 roundings, and 7 digits of the fixture.
          probability: expect.closeTo(probability, 4),
        })),
      ),
    );
  });
}

for (const [i, asked] of openAiWords.asked.long.entries()) {
  test(`transcribe: recording ${i}, ${JSON.stringify(asked)}: segments and temperatures tried are openai-whisper's`, async () => {
    const expected = openAiWords.long[i]!;
    const counting = counted(executor);

    const segments = await all(slidingWindows(counting, recording(`words ${i}`), optionsOf(asked)));

    expect(segments.map(({ seek, tokens, decoded: { temperature } }) => ({ seek, tokens, temperature }))).toEqual(
      expected.segments.map(({ seek, tokens, temperature }) => ({ seek, tokens, temperature })),
    );
    expect(counting.sessions).toBe(expected.attempts.length);
    for (const [at, { startSeconds, endSeconds }] of segments.entries()) {
      expect(startSeconds).toBeCloseTo(expected.segments[at]!.start, 6);
      expect(endSeconds).toBeCloseTo(expected.segments[at]!.end, 6);
    }
  });
}
