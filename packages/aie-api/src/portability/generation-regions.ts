import type { CppToken } from "./cpp-tokens.ts";

/** Lines inside of a condition on the generation: what only one generation has may be used there. */
export function generationRegions(tokens: readonly CppToken[]): { has(line: number): boolean } {
  const regions: (readonly [number, number])[] = [];
  const open: { readonly line: number; about: boolean }[] = [];
  for (const { kind, text, line } of tokens) {
    if (kind !== "directive") continue;
    if (/^if/.test(text)) open.push({ line, about: isAbout(text) });
    else if (/^elif/.test(text) && isAbout(text)) {
      const top = open.at(-1);
      if (top) top.about = true;
    } else if (/^endif/.test(text)) {
      const top = open.pop();
      if (top?.about) regions.push([top.line, line]);
    }
  }
  return { has: (line) => regions.some(([from, to]) => line > from && line < to) };
}

function isAbout(condition: string): boolean {
  return /__AIE_ARCH__|__AIEARCH__|__AIE2P?__/.test(condition);
}
