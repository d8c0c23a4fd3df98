/** Edits that make one text of another, word by word. */
export interface WordErrors {
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
  /** Words of the reference. */
  readonly words: number;
}

/** The fewest edits from what was said to what was heard; words are what lies between spaces, in lower case. */
export function wordErrors(said: string, heard: string): WordErrors {
  const [reference, hypothesis] = [wordsOf(said), wordsOf(heard)];
  // A row a word of the reference; a cell holds the edits of the best way to it.
  let row = Array.from({ length: hypothesis.length + 1 }, (_, j): Edits => [0, 0, j]);
  for (const [i, word] of reference.entries()) {
    const next: Edits[] = [[0, i + 1, 0]];
    for (const [j, other] of hypothesis.entries()) {
      const [s, d, n] = row[j]!;
      const kept: Edits = [word === other ? s : s + 1, d, n];
      const [s2, d2, n2] = row[j + 1]!;
      const [s3, d3, n3] = next[j]!;
      next.push(fewest(kept, fewest([s2, d2 + 1, n2], [s3, d3, n3 + 1])));
    }
    row = next;
  }
  const [substitutions, deletions, insertions] = row.at(-1)!;
  return { substitutions, deletions, insertions, words: reference.length };
}

/** WER = (S + D + I) / N over all texts together; NaN for no words. */
export function wordErrorRate(all: readonly WordErrors[]): number {
  const errors = all.reduce((sum, { substitutions: s, deletions: d, insertions: i }) => sum + s + d + i, 0);
  return errors / all.reduce((sum, { words }) => sum + words, 0);
}

type Edits = readonly [substitutions: number, deletions: number, insertions: number];

function fewest(a: Edits, b: Edits): Edits {
  return b[0] + b[1] + b[2] < a[0] + a[1] + a[2] ? b : a;
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().split(/\s+/u).filter(Boolean);
}
