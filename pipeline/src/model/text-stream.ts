import type { Tokenizer } from "./tokenizer.ts";

/** Text of tokens as they come. A character whose bytes lie in two tokens comes out with the last of them. */
export interface TextStream {
  push(id: number): string;
  /** What is left; bytes that make no character become U+FFFD. */
  end(): string;
}

export function createTextStream(tokenizer: Tokenizer): TextStream {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    push: (id) => decoder.decode(tokenizer.decodeBytes([id]), { stream: true }),
    end: () => decoder.decode(),
  };
}

/** Tokens in the smallest groups that are whole characters each. */
export function characterGroups(
  tokenizer: Tokenizer,
  ids: readonly number[],
): readonly { readonly text: string; readonly ids: readonly number[] }[] {
  const groups: { text: string; ids: number[] }[] = [];
  let open: number[] = [];
  for (const id of ids) {
    open.push(id);
    const text = wholeCharacters(tokenizer.decodeBytes(open));
    if (text === undefined) continue;
    groups.push({ text, ids: open });
    open = [];
  }
  if (open.length > 0) groups.push({ text: tokenizer.decode(open), ids: open });
  return groups;
}

// Bytes that cannot begin a character count as U+FFFD at once, so they do not keep a group open.
function wholeCharacters(bytes: Uint8Array): string | undefined {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const text = decoder.decode(bytes, { stream: true });
  const rest = decoder.decode();
  return rest === "" ? text : undefined;
}
