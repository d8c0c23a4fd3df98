interface PreviousTextOptions {
  readonly initialPrompt?: readonly number[];
  readonly carryInitialPrompt?: boolean;
}

/** Tokens that a window is told of: an initial prompt, and the text before it. */
export class PreviousText {
  #text: readonly number[] = [];
  #prompt: readonly number[];
  readonly #isCarried: boolean;
  readonly #room: number;

  /** `textPositions`: the model's; half of them, less the mark before, hold what a window is told. */
  constructor({ initialPrompt = [], carryInitialPrompt = false }: PreviousTextOptions, textPositions: number) {
    this.#prompt = initialPrompt;
    this.#isCarried = carryInitialPrompt;
    this.#room = Math.max(0, Math.floor(textPositions / 2) - 1);
  }

  /** A prompt that is carried stays whole as long as it fits, and text takes what is left. */
  tokens(): readonly number[] {
    if (!this.#isCarried) return [...this.#prompt, ...this.#text];
    const left = Math.max(0, this.#room - this.#prompt.length);
    return [...this.#prompt, ...(left === 0 ? [] : this.#text.slice(-left))];
  }

  add(tokens: readonly number[]): void {
    // More than there is room for is never told: memory stays flat over hours.
    this.#text = [...this.#text, ...tokens].slice(-Math.max(1, this.#room));
  }

  /** What comes next knows nothing of what was before, a carried prompt excepted. */
  forget(): void {
    this.#text = [];
    if (!this.#isCarried) this.#prompt = [];
  }
}
