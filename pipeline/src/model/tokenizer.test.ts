import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mergePairs, pairKey } from "./byte-pair-encoding.ts";
import type { JsonObject } from "./json-fields.ts";
import { tinyModelFiles, tinyTokens } from "./model-folder.test-support.ts";
import { readVocabulary } from "./read-vocabulary.ts";
import { promptTokens, startSequence } from "./start-sequence.ts";
import { characterGroups, createTextStream } from "./text-stream.ts";
import { createTokenizer } from "./tokenizer.ts";
import { timestampText } from "./whisper-tokens.ts";

type TokenizerJson = { added_tokens: { id: number; content: string }[]; model: Record<string, unknown> } & JsonObject;

const tinyJson = () => tinyModelFiles().json["tokenizer.json"] as TokenizerJson;
const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/tokenizer/${name}`, import.meta.url), "utf8"));

function tokenizerOf(json: JsonObject) {
  const problems: string[] = [];
  const vocabulary = readVocabulary(json, problems);
  expect(problems).toEqual([]);
  return createTokenizer(vocabulary!);
}

/** Texts, and ids of Hugging Face's tokenizers 0.23.3 for them; make_fixture.py beside the file wrote it. */
const cases = fixture("cases.json") as {
  encode: [string, number[]][];
  withAdded: [string, number[]][];
  decode: [number[], string][];
};
const trained = tokenizerOf(fixture("tokenizer.json") as JsonObject);

test("78 texts have the tokens that Hugging Face's tokenizers gives them, and come back from them", () => {
  expect(cases.encode.length).toBe(78);
  for (const [text, ids] of cases.encode) {
    expect(trained.encode(text), JSON.stringify(text)).toEqual(ids);
    expect(trained.decode(ids)).toBe(text);
  }
});

test("added tokens in a text mean themselves where that is asked for, and are characters where not", () => {
  for (const [text, ids] of cases.withAdded) {
    expect(trained.encodeWithAdded(text), text).toEqual(ids);
    expect(trained.decode(trained.encode(text))).toBe(text);
    expect(trained.encode(text).every((id) => id < trained.tokens.endOfText)).toBe(true);
  }
});

test("tokens that cut characters decode with U+FFFD as in Hugging Face's tokenizers", () => {
  expect(cases.decode.some(([, text]) => text.includes("\ufffd"))).toBe(true);
  for (const [ids, text] of cases.decode) expect(trained.decode(ids)).toBe(text);
});

// By hand, with "t h", "th e", " t", " the" in this order: "th" and "the" go before " t", so " the" is one token.
test.each([
  ["the", [257]],
  [" the", [259]],
  [" to", [258, 0x6f]],
  ["then", [257, 0x6e]],
  ["t h", [0x74, 0x20, 0x68]],
  ["é", [0xc3, 0xa9]],
])("%s has the tokens that its merges make by hand", (text, ids) => {
  expect(tokenizerOf(tinyJson()).encode(text)).toEqual(ids);
});

test("merges: of equal ranks the left goes first; a pair whose half has gone is left alone", () => {
  const ranks = new Map([
    [pairKey(1, 1), { rank: 0, merged: 2 }],
    [pairKey(2, 1), { rank: 1, merged: 3 }],
  ]);

  expect(mergePairs([1, 1, 1], ranks)).toEqual([3]);
  expect(mergePairs([1, 1, 1, 1], ranks)).toEqual([2, 2]);
  expect(mergePairs([], ranks)).toEqual([]);
});

test("a stream gives a character with the last token of its bytes, and U+FFFD for what stays open", () => {
  const tokenizer = tokenizerOf(tinyJson());
  const stream = createTextStream(tokenizer);

  expect([0xf0, 0x9f, 0x98, 0x80, 257, 0xe4].map((id) => stream.push(id))).toEqual(["", "", "", "😀", "the", ""]);
  expect(stream.end()).toBe("\ufffd");
});

test("groups of whole characters keep their tokens together", () => {
  const groups = characterGroups(tokenizerOf(tinyJson()), [259, 0xc3, 0xa9, 0x80, 0xe4, 257, 0xc3]);

  expect(groups).toEqual([
    { text: " the", ids: [259] },
    { text: "é", ids: [0xc3, 0xa9] },
    { text: "\ufffd", ids: [0x80] },
    { text: "\ufffd", ids: [0xe4] },
    { text: "the", ids: [257] },
    { text: "\ufffd", ids: [0xc3] },
  ]);
});

test("timestamps are text of their seconds, with or without an entry in the file", () => {
  const full = tinyJson();
  for (let i = 0; i < 1501; i++)
    full.added_tokens.push({ id: tinyTokens.firstTimestamp + i, content: `<|${(i * 0.02).toFixed(2)}|>` });
  for (const tokenizer of [tokenizerOf(tinyJson()), tokenizerOf(full)]) {
    const ids = [261, tinyTokens.firstTimestamp, 257, tinyTokens.firstTimestamp + 62, 260];

    expect(tokenizer.decode(ids)).toBe("the");
    expect(tokenizer.decode(ids, { added: "timestamps" })).toBe("<|0.00|>the<|1.24|>");
    expect(tokenizer.decode(ids, { added: "all" })).toBe("<|startoftranscript|><|0.00|>the<|1.24|><|endoftext|>");
    expect(tokenizer.encodeWithAdded("<|30.00|>")).toEqual([tokenizer.tokens.lastTimestamp]);
    expect(tokenizer.timestampSeconds(tinyTokens.firstTimestamp + 62)).toBe(1.24);
    expect(() => tokenizer.timestampSeconds(260)).toThrow("token 260: expected a timestamp");
    expect(() => tokenizer.decode([1771])).toThrow("token 1771: expected an id from 0 to 1770");
  }
  expect(timestampText(1500)).toBe("<|30.00|>");
});

test("<|nocaptions|> of early files is the token of no speech", () => {
  const json = tinyJson();
  json.added_tokens[8]!.content = "<|nocaptions|>";

  expect(tokenizerOf(json).tokens.noSpeech).toBe(268);
});

test("a vocabulary may have end of text and an empty token among its texts, as published ones do", () => {
  const json = tinyJson();
  const { Ġthe, ...vocab } = json.model.vocab as Record<string, number>;
  const merges = (json.model.merges as unknown[]).slice(0, 3);
  Object.assign(json.model, { vocab: { ...vocab, "": Ġthe, "<|endoftext|>": 260 }, merges });
  const tokenizer = tokenizerOf(json);

  expect(tokenizer.decode([257, 259, 260, 257])).toBe("thethe");
  expect(tokenizer.encode(" the")).toEqual([0x20, 257]);
});

test("a window starts with what was before, start, language, task and notimestamps; .en models know neither language nor task", () => {
  const tokenizer = tokenizerOf(tinyJson());
  const options = {
    language: "de",
    task: "translate",
    timestamps: false,
    isMultilingual: true,
    textPositions: 8,
  } as const;

  expect(startSequence(tokenizer, options)).toEqual([261, 263, 264, 269]);
  expect(startSequence(tokenizer, { ...options, task: "transcribe", timestamps: true })).toEqual([261, 263, 265]);
  // Half of 8 positions, less the mark: the last three.
  expect(startSequence(tokenizer, { ...options, previous: [1, 2, 3, 4] })).toEqual([267, 2, 3, 4, 261, 263, 264, 269]);
  const english = { ...options, language: "en", task: "transcribe", isMultilingual: false } as const;
  expect(startSequence(tokenizer, english)).toEqual([261, 269]);
  expect(() => startSequence(tokenizer, { ...options, language: "fr" })).toThrow("language fr: not one of the model's");
  expect(() => startSequence(tokenizer, { ...english, task: "translate" })).toThrow("knows English only");
  expect(promptTokens(tokenizer, "  the the ")).toEqual([259, 259]);
  expect(promptTokens(tokenizer, "  ")).toEqual([]);
});

type Change = (json: TokenizerJson) => void;
const damaged: readonly (readonly [string, Change, RegExp])[] = [
  [
    "another kind of model",
    (json) => Object.assign(json.model, { type: "WordPiece" }),
    /model: expected BPE .* got "WordPiece"/,
  ],
  [
    "a merge of tokens that are not there",
    (json) => Object.assign(json.model, { merges: ["q z"] }),
    /merges: 0: "q z": expected tokens of vocab/,
  ],
  [
    "a merge of three",
    (json) => Object.assign(json.model, { merges: ["t h e"] }),
    /merges: 0: expected two tokens, got "t h e"/,
  ],
  [
    "no token for a byte",
    (json) => delete (json.model.vocab as Record<string, number>)["!"],
    /vocab: no token for byte 33$/,
  ],
  [
    "an id that two tokens have",
    (json) => Object.assign(json.model.vocab as object, { Ġt: 256 }),
    /id 256 is that of "th" and of "Ġt"/,
  ],
  [
    "a token outside the alphabet",
    (json) => Object.assign(json.model.vocab as object, { "a b": 259, Ġthe: 258, Ġt: 9999 }),
    /"a b": not in the alphabet of bytes/,
  ],
  [
    "no start of transcript",
    (json) => json.added_tokens.splice(1, 1),
    /<\|startoftranscript\|> is missing: no tokenizer of Whisper/,
  ],
  [
    "tasks in another order",
    (json) =>
      Object.assign(json.added_tokens[5]!, { content: "<|x|>" }) &&
      json.added_tokens.push({ id: 300, content: "<|transcribe|>" }),
    /<\|transcribe\|>: expected id 265, got 300/,
  ],
  [
    "timestamps that do not follow",
    (json) => json.added_tokens.push({ id: 271, content: "<|0.00|>" }),
    /<\|0.00\|>: expected id 270, got 271/,
  ],
  [
    "tokens behind the last timestamp",
    (json) => json.added_tokens.push({ id: 1771, content: "<|more|>" }),
    /expected ids up to 1770/,
  ],
  ["a normaliser", (json) => Object.assign(json, { normalizer: { type: "NFC" } }), /normalizer: expected none/],
  [
    "another cut into words",
    (json) => Object.assign(json, { pre_tokenizer: { type: "Metaspace" } }),
    /pre_tokenizer: expected ByteLevel/,
  ],
];

test.each(damaged)("a tokenizer with %s is refused", (_, change, problem) => {
  const json = tinyJson();
  change(json);
  const problems: string[] = [];

  expect(readVocabulary(json, problems)).toBeUndefined();
  expect(problems).toContainEqual(expect.stringMatching(problem));
});

test("100000 letters without a space are encoded, the first as the last", () => {
  const ids = trained.encode("ab".repeat(50_000));

  expect(trained.decode(ids)).toBe("ab".repeat(50_000));
  expect(trained.encodeWithAdded("ab".repeat(50_000))).toEqual(ids);
});
