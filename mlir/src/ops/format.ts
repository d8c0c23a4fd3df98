/**
 * The language that says how an operation is written; the same text drives parser and printer.
 *
 * ```
 * `text`            a literal                     %name   an operand group, comma-separated
 * $name             an attribute                  @name   a symbol's own name
 * ^name             a successor                   type(name)   types of an operand or result group
 * functional(a, b)  (types of a) -> types of b    region(name)
 * attr-dict         the attributes not named      attr-dict-with-keyword   the same after `attributes`
 * custom(name)      assembly written by hand      ( ... )?     printed when its first variable element is there
 * ```
 * Spaces follow the rules of MLIR's declarative format: none before `)`, `]`, `>`, `,`, none after `(`, `[`, `<`, one
 * elsewhere; the literals `` `_` `` and `` `~` `` force and forbid one.
 */
export type FormatElement =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "space"; readonly text: " " | "" }
  | {
      readonly kind: "operand" | "attribute" | "symbol-name" | "successor" | "type" | "region" | "custom";
      readonly name: string;
    }
  | { readonly kind: "functional"; readonly operands: string; readonly results: string }
  | { readonly kind: "attr-dict"; readonly keyword: boolean }
  | { readonly kind: "optional"; readonly elements: readonly FormatElement[] };

const compiled = new Map<string, readonly FormatElement[]>();

/** The elements of a format text. @throws SyntaxError when the text is not in the language. */
export function compileFormat(text: string): readonly FormatElement[] {
  const known = compiled.get(text);
  if (known) return known;
  const tokens = text.match(
    /`[^`]+`|functional\([^)]*\)|\w+\([^)]*\)|[%$@^]\w+|attr-dict(?:-with-keyword)?|\(|\)\?|\S+/g,
  );
  const elements = compileUntil(tokens ?? [], text, { at: 0 }, false);
  compiled.set(text, elements);
  return elements;
}

/** Every element of a format, those of optional groups included. */
export function flattenFormat(elements: readonly FormatElement[]): readonly FormatElement[] {
  return elements.flatMap((element) => (element.kind === "optional" ? flattenFormat(element.elements) : [element]));
}

function compileUntil(
  tokens: readonly string[],
  text: string,
  cursor: { at: number },
  isGroup: boolean,
): FormatElement[] {
  const elements: FormatElement[] = [];
  while (cursor.at < tokens.length) {
    const token = tokens[cursor.at++] ?? "";
    if (token === "(") elements.push({ kind: "optional", elements: compileUntil(tokens, text, cursor, true) });
    else if (token === ")?" && isGroup) return elements;
    else elements.push(compileToken(token, text));
  }
  if (isGroup) throw new SyntaxError(`assembly format: '(' without ')?' in: ${text}`);
  return elements;
}

function compileToken(token: string, text: string): FormatElement {
  if (token === "`_`") return { kind: "space", text: " " };
  if (token === "`~`") return { kind: "space", text: "" };
  if (token.startsWith("`")) return { kind: "literal", text: token.slice(1, -1) };
  if (token === "attr-dict") return { kind: "attr-dict", keyword: false };
  if (token === "attr-dict-with-keyword") return { kind: "attr-dict", keyword: true };
  const variable = /^([%$@^])(\w+)$/.exec(token);
  if (variable) {
    const kinds = { "%": "operand", $: "attribute", "@": "symbol-name", "^": "successor" } as const;
    return { kind: kinds[variable[1] as keyof typeof kinds], name: variable[2] ?? "" };
  }
  const call = /^(\w+)\((\w+)(?:,\s*(\w+))?\)$/.exec(token);
  if (call?.[1] === "functional") return { kind: "functional", operands: call[2] ?? "", results: call[3] ?? "" };
  if (call?.[1] === "type" || call?.[1] === "region" || call?.[1] === "custom") {
    return { kind: call[1], name: call[2] ?? "" };
  }
  throw new SyntaxError(`assembly format: '${token}' is not known, in: ${text}`);
}
