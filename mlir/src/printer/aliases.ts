/**
 * The text with its affine maps and sets named on lines of their own before it, in order of appearance: `#map`, `#map1`,
 * `#set`. The same map gets one name.
 */
export function withAliases(text: string): string {
  const names = new Map<string, string>();
  const counts = { map: 0, set: 0 };
  const parts: string[] = [];
  let copied = 0;
  for (const found of text.matchAll(/"(?:[^"\\]|\\.)*"|\baffine_(map|set)</g)) {
    const kind = found[1] as "map" | "set" | undefined;
    if (kind === undefined || found.index < copied) continue;
    const end = closing(text, found.index + found[0].length);
    const map = text.slice(found.index, end);
    const name = names.get(map) ?? `#${kind}${counts[kind] === 0 ? "" : counts[kind]}`;
    if (!names.has(map)) counts[kind]++;
    names.set(map, name);
    parts.push(text.slice(copied, found.index), name);
    copied = end;
  }
  parts.push(text.slice(copied));
  return [...names].map(([map, name]) => `${name} = ${map}\n`).join("") + parts.join("");
}

/** One past the `>` that closes a map whose `<` ends before `from`; arrows and comparisons are no brackets. */
function closing(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === "(") depth++;
    else if (character === ")") depth--;
    else if (character === ">" && depth === 0 && text[at - 1] !== "-") return at + 1;
  }
  return text.length;
}
