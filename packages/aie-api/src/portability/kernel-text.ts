import type { CppToken } from "./cpp-tokens.ts";

export interface KernelText {
  /** `kernels/mel/mel.cc`. */
  readonly path: string;
  readonly tokens: readonly CppToken[];
}

/** What the kernels declare themselves; a name that is one of these is not looked for in aie_api. */
export interface KernelNames {
  readonly macros: ReadonlySet<string>;
  /** Every name that stands where a declaration would have it: types, functions, variables, members. */
  readonly declared: ReadonlySet<string>;
}

const notTypes = new Set([
  "return",
  "else",
  "case",
  "goto",
  "new",
  "delete",
  "throw",
  "typename",
  "template",
  "operator",
  "sizeof",
]);

export function kernelNames(files: readonly KernelText[]): KernelNames {
  const macros = new Set<string>();
  const declared = new Set<string>();
  for (const { tokens } of files) {
    for (const [i, token] of tokens.entries()) {
      if (token.kind === "directive") {
        const macro = /^define\s+([A-Za-z_]\w*)/.exec(token.text)?.[1];
        if (macro !== undefined) macros.add(macro);
      } else if (token.kind === "name" && isDeclared(tokens, i)) declared.add(token.text);
    }
  }
  return { macros, declared };
}

/** `TYPE name`, `> name`, `* name`, `& name`, `auto [a, b]`, `, name` in a list of declarators is not seen. */
function isDeclared(tokens: readonly CppToken[], i: number): boolean {
  const before = tokens[i - 1];
  const after = tokens[i + 1]?.text;
  if (before === undefined) return false;
  if (before.text === "," && isDeclaratorList(tokens, i)) return true;
  const isType = (before.kind === "name" && !notTypes.has(before.text)) || /^[>*&\]]$/.test(before.text);
  return isType && /^[;=({[,):]$/.test(after ?? "");
}

/** `float a, b;`: back over names and commas to a type. */
function isDeclaratorList(tokens: readonly CppToken[], i: number): boolean {
  let at = i - 1;
  while (tokens[at]?.text === "," && tokens[at - 1]?.kind === "name") {
    const type = tokens[at - 2];
    if (type?.kind === "name" && !notTypes.has(type.text)) return true;
    at -= 2;
  }
  return false;
}
