import { readFileSync } from "node:fs";
import { UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import { languageCode, languageName, languages } from "./languages.ts";

/** Languages and aliases of openai-whisper, by pipeline/fixtures/whisper/make_languages_fixture.py. */
const published: { languages: Record<string, string>; codeByName: Record<string, string> } = JSON.parse(
  readFileSync(new URL("../../fixtures/whisper/languages.json", import.meta.url), "utf8"),
);

test("languages: the 100 codes and names of openai-whisper, no more", () => {
  const names = Object.fromEntries(Object.keys(languages).map((code) => [code, languageName(code).toLowerCase()]));

  expect(names).toEqual(published.languages);
  expect(Object.keys(names)).toHaveLength(100);
});

test("languages: every name and alias that openai-whisper takes gives its code", () => {
  for (const [name, code] of Object.entries(published.codeByName)) expect(languageCode(name), name).toBe(code);
});

test("languages: no name stands for two of them", () => {
  const all = Object.entries(languages).flatMap(([code, names]) => [code, ...names.map((name) => name.toLowerCase())]);

  expect(new Set(all).size).toBe(all.length);
});

test("languages: code, name and alias in any case", () => {
  const asked = ["German", "de", " DE ", "GERMAN", "Filipino", "iw", "jv", "Bokmål", "cantonese"];

  expect(asked.map((name) => languageCode(name))).toEqual(["de", "de", "de", "de", "tl", "he", "jw", "no", "yue"]);
  expect(languageName("xx")).toBe("xx");
});

test("languages: a name that is misspelt is refused with the nearest ones, and one that a model lacks with its own", () => {
  const hintOf = (name: string, known?: string[]) => {
    try {
      languageCode(name, known);
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      return [(error as UsageError).message, (error as UsageError).hint];
    }
    return undefined;
  };

  expect(hintOf("germen")).toEqual([
    'language "germen": expected a name or a code, as German or de',
    "did you mean german or greek or turkmen?",
  ]);
  expect(hintOf("yue", ["de", "en"])).toEqual([
    "language yue: the model does not know Cantonese, yue",
    "it knows de, en",
  ]);
  expect(hintOf("xxxxxxxxxxxxxxx", ["de", "en"])?.[1]).toBe("the model knows de, en");
});

test("languages: a code that only the model has is taken", () => {
  expect(languageCode("tlh", ["en", "tlh"])).toBe("tlh");
});
