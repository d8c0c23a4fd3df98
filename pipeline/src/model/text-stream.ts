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

/** Tokens in the smallest groups that are whole characters each; bytes that make no character count as U+FFFD. */
export function characterGroups(
  tokenizer: Pick<Tokenizer, "decodeBytes">,
  ids: readonly number[],
): readonly { readonly text: string; readonly ids: readonly number[] }[] {
  const groups: { text: string; ids: number[] }[] = [];
  let open: number[] = [];
  for (const [index, id] of ids.entries()) {
    open.push(id);
    const bytes = tokenizer.decodeBytes(open);
    if (!endsWhole(bytes, tokenizer.decodeBytes(ids.slice(index + 1, index + 4)))) continue;
    groups.push({ text: decoded(bytes), ids: open });
    open = [];
  }
  return groups;
}

/** Whether no character lies across the end: one that does gives another text whole than cut. */
function endsWhole(bytes: Uint8Array, following: Uint8Array): boolean {
  // The last byte of a character is at most 3 behind its first.
  const next = following.subarray(0, 3);
  return decoded(bytes) + decoded(next) === decoded(Buffer.concat([bytes, next]));
}

function decoded(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
