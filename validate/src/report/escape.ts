/**
 * Text for element content and quoted attributes of XML and HTML. Characters that XML 1.0 forbids, even escaped
 * (control characters, lone surrogates), become U+FFFD.
 */
export function escapeMarkup(text: string): string {
  return text
    .replace(loneSurrogate, "\uFFFD")
    .replace(forbidden, "\uFFFD")
    .replace(/[&<>"']/g, (c) => entities[c] ?? c);
}

// XML 1.0, fifth edition, production 2 (Char): all but these of the characters below U+10000.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to be found
const forbidden = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
