/**
 * A text as it is compared for WER: lower case, remarks in brackets left out, marks, symbols and accents' signs as spaces,
 * one space between words. Numbers and spellings stay. Source: openai/whisper, normalizers/basic.py.
 */
export function normalisedText(text: string): string {
  return text
    .toLowerCase()
    .replace(/[<[][^>\]]*[>\]]/g, "")
    .replace(/\(([^)]+?)\)/g, "")
    .normalize("NFKC")
    .replace(/[\p{M}\p{S}\p{P}]/gu, " ")
    .toLowerCase()
    .replace(/\s+/g, " ")
    .trim();
}
