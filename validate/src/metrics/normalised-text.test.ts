import { expect, test } from "vitest";
import { normalisedText } from "./normalised-text.ts";

// By whisper.normalizers.BasicTextNormalizer of openai-whisper 20250625, the space at either end taken away.
test.each([
  ["  Hello, World!  ", "hello world"],
  ["It's twenty-five (laughs) [noise] o'clock.", "it s twenty five o clock"],
  ["Grüße aus KÖLN…", "grüße aus köln"],
  ["5 € + 3 £ <unk> A_B", "5 3 a b"],
  ["ｆｕｌｌ width ①", "full width 1"],
  ["你好，世界。", "你好 世界"],
])("normalised: %j is %j", (text, expected) => {
  expect(normalisedText(text)).toBe(expected);
});
