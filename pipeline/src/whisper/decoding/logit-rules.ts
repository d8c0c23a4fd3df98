/** Forbids tokens by setting their logits to -Infinity, in place. `sampled`: tokens behind the prompt. */
export type LogitRule = (logits: Float64Array, sampled: readonly number[]) => void;

/** A copy of the logits with all rules applied in order: a new array, or `copy`, which is as long. */
export function ruled(
  logits: ArrayLike<number>,
  rules: readonly LogitRule[],
  sampled: readonly number[],
  copy: Float64Array = new Float64Array(logits.length),
): Float64Array {
  // `set` converts more slowly than this.
  for (let i = 0; i < copy.length; i++) copy[i] = logits[i]!;
  for (const rule of rules) rule(copy, sampled);
  return copy;
}

/** Forbids tokens everywhere. */
export function suppress(tokens: readonly number[]): LogitRule {
  return (logits) => forbid(logits, tokens);
}

/** Forbids tokens as the first one: a blank and the end, as published. */
export function suppressAtBegin(tokens: readonly number[]): LogitRule {
  return (logits, sampled) => {
    if (sampled.length === 0) forbid(logits, tokens);
  };
}

/**
 * Repetition guard: forbids the token that would complete a sequence of `size` tokens below `eot` for a second time.
 * Timestamps between are no part of a sequence, and end none.
 */
export function forbidRepeats(size: number, eot: number): LogitRule {
  return (logits, sampled) => {
    const text = sampled.filter((token) => token < eot);
    const last = text.length - (size - 1);
    if (last < 1) return;
    for (let start = 0; start + size <= text.length; start++) {
      let same = 0;
      while (same < size - 1 && text[start + same] === text[last + same]) same++;
      if (same === size - 1) logits[text[start + same]!] = Number.NEGATIVE_INFINITY;
    }
  };
}

function forbid(logits: Float64Array, tokens: readonly number[]): void {
  for (const token of tokens) if (token < logits.length) logits[token] = Number.NEGATIVE_INFINITY;
}
