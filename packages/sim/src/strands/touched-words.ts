const [untouched, read, written] = [0, 1, 2];

/** Which words of a core's memory a launch reads before it has written them. */
export class TouchedWords {
  readonly #first: Uint8Array;
  /** Ranges that were touched before: nothing changes there any more. */
  readonly #known = new Set<number>();

  constructor(words: number) {
    this.#first = new Uint8Array(words);
  }

  read(first: number, end: number): void {
    this.#touch(first, end, read);
  }

  written(first: number, end: number): void {
    this.#touch(first, end, written);
  }

  /** Runs of words that were read first. */
  readFirst(): { readonly first: number; readonly end: number }[] {
    const runs: { readonly first: number; readonly end: number }[] = [];
    for (let at = this.#first.indexOf(read); at >= 0; ) {
      let end = at;
      while (this.#first[end] === read) end++;
      runs.push({ first: at, end });
      at = this.#first.indexOf(read, end);
    }
    return runs;
  }

  #touch(first: number, end: number, how: number): void {
    const range = first * 2 ** 20 + end;
    if (this.#known.has(range)) return;
    this.#known.add(range);
    for (let i = first; i < end; i++) if (this.#first[i] === untouched) this.#first[i] = how;
  }
}
