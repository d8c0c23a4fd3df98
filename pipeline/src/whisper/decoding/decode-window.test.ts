import { expect, test } from "vitest";
import { decodeWindow, type WindowOptions } from "./decode-window.ts";
import { detectLanguage } from "./language.ts";
import { openAi, openAiDefaults, openAiExecutor, openAiFeatures } from "./openai-fixture.test-support.ts";
import { logSoftmax } from "./probabilities.ts";
import { sampler, seededRandom } from "./sampling.ts";
import { sampleSequences } from "./search.ts";

const executor = await openAiExecutor();
const clips = openAi.decoded.greedy!.length;
const states = await Promise.all(
  Array.from({ length: clips }, (_, i) => executor.encode(openAiFeatures(`clip ${i}`, 100))),
);

const modes: Readonly<Record<string, Partial<WindowOptions>>> = {
  greedy: {},
  greedyText: { timestamps: false },
  beam5: { search: { beams: 5 } },
  beam5Text: { search: { beams: 5 }, timestamps: false },
  beam3Patience: { search: { beams: 3, patience: 2 }, lengthPenalty: 0.6 },
  prompted: { previous: new Array(12).fill([1, 2, 3]).flat(), prefix: [7, 8], task: "translate" },
};

for (const [mode, options] of Object.entries(modes)) {
  test(`decoding: ${mode}: ${clips} clips have the tokens of openai-whisper`, async () => {
    for (const [clip, state] of states.entries()) {
      const expected = openAi.decoded[mode]![clip]!;

      const got = await decodeWindow(executor, state, { ...openAiDefaults, ...options });

      expect(got.tokens, `clip ${clip}`).toEqual(expected.tokens);
      // Sums of float32 logarithms there: up to 25 roundings of values up to 25, 25 * 25 * 2^-24 / 2, and of logits.
      expect(Math.abs(got.avgLogProb - expected.avgLogProb), `clip ${clip}`).toBeLessThan(5e-5);
      expect(Math.abs(got.noSpeechProb / expected.noSpeechProb - 1), `clip ${clip}`).toBeLessThan(1e-4);
    }
  });
}

test("decoding: languages have the probabilities of openai-whisper", async () => {
  for (const [clip, expected] of openAi.languages.entries()) {
    const { language, probabilities } = await detectLanguage(executor, states[clip]!, openAi.special);

    for (const [code, probability] of Object.entries(expected)) {
      expect(Math.abs(probabilities[code]! - probability)).toBeLessThan(1e-5);
    }
    expect(expected[language]).toBe(Math.max(...Object.values(expected)));
  }
});

test("decoding: text goes on to the model's last position where nothing limits it", async () => {
  const clip = openAi.decoded.greedyText!.findIndex(({ tokens }) => tokens.length === 24);
  const { maxTokens: _, ...unlimited } = openAiDefaults;

  const { tokens } = await decodeWindow(executor, states[clip]!, { ...unlimited, timestamps: false });

  // 48 positions, 4 of them the prompt's; the last token is sampled and not fed.
  expect(tokens.length).toBe(48 - 4 + 1);
});

test("decoding: a seed gives the same samples, another one others, and no 3 tokens twice where guarded", async () => {
  const sampled = (seed: number, more: Partial<WindowOptions> = {}) =>
    decodeWindow(executor, states[0]!, {
      ...openAiDefaults,
      search: { temperature: 1, bestOf: 3, seed },
      ...more,
    });

  const [first, again, other] = [await sampled(1), await sampled(1), await sampled(2)];
  const guarded = await sampled(1, { search: { temperature: 0 }, noRepeatTokens: 3, timestamps: false });

  expect(again).toEqual(first);
  expect(other.tokens).not.toEqual(first.tokens);
  const text = guarded.tokens.filter((token) => token < openAi.special.eot);
  const triples = text.slice(2).map((_, i) => text.slice(i, i + 3).join());
  expect(new Set(triples).size).toBe(triples.length);
});

test("decoding: each of 4 sampled sequences has the log probability that it has when fed alone", async () => {
  const { eot, sot } = openAi.special;
  const session = await executor.decode(states[2]!);
  const start = { session, logits: (await session.prefill([sot])).data, rules: [], eot, maxTokens: 12 };

  const candidates = await sampleSequences(start, 4, sampler({ temperature: 2 }, seededRandom(5)));

  expect(new Set(candidates.map(({ tokens }) => tokens.join())).size).toBe(4);
  for (const { tokens, logProb } of candidates) {
    const fed = [sot, ...tokens];
    const alone = await executor.decode(states[2]!);
    const { data } = await alone.prefill(fed, [...fed.keys()]);
    const sampled = tokens.length < 12 ? [...tokens, eot] : tokens;
    const { vocab } = openAi.sizes;
    const parts = sampled.map((token, i) => logSoftmax(data.subarray(i * vocab, (i + 1) * vocab))[token]!);
    expect(logProb).toBeCloseTo(
      parts.reduce((sum, part) => sum + part, 0),
      9,
    );
  }
});

test("decoding: a prompt that fills the model is refused, and so is a language it does not have", async () => {
  const prefix = new Array(46).fill(1);

  await expect(decodeWindow(executor, states[0]!, { ...openAiDefaults, prefix })).rejects.toThrow(
    "decoder: a prompt of 49 tokens: expected at most 48",
  );
  await expect(decodeWindow(executor, states[0]!, { ...openAiDefaults, language: "it" })).rejects.toThrow(
    "prompt: language it: expected one of en, de, fr",
  );
});
