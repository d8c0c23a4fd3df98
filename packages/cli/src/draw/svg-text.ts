/** Width of a character over the size of the font, of monospace fonts: a little more than the 0.602 of the widest usual one. */
const advance = 0.61;

export function textWidth(text: string, fontSize: number): number {
  return text.length * advance * fontSize;
}

/** An element of SVG; attributes and text are escaped. Children that are text are given as `text`. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content: { readonly text?: string; readonly children?: readonly string[] } = {},
): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(numberText(value))}"`);
  const inner = `${content.text === undefined ? "" : escaped(content.text)}${(content.children ?? []).join("")}`;
  return inner === "" ? `<${name}${pairs.join("")}/>` : `<${name}${pairs.join("")}>${inner}</${name}>`;
}

function numberText(value: string | number): string {
  return typeof value === "number" ? String(Math.round(value * 100) / 100) : value;
}

/** XML allows no control characters, escaped or not. */
function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return text.replace(/[\u0000-\u001f]/g, "?").replace(/[&<>"]/g, (character) => entities[character] ?? "");
}
