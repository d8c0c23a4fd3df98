/** Which thread does which part of a launch. */
export interface StrandTurns {
  /** A launch begins. */
  begin(isProven: boolean): void;
  /** Images that this thread does next; undefined when none are left. */
  nextImages(): { readonly first: number; readonly end: number } | undefined;
  imagesDone(): void;
  /** Waits until all images are there, or `isLate`. */
  hasImages(isLate: () => boolean): boolean;
  /** The strand that this thread does next. */
  nextStrand(): number | undefined;
  strandDone(strand: number, isWhole: boolean): void;
  /** Waits until all strands have ended, or `isLate`. */
  settled(isLate: () => boolean): boolean;
  /** A strand did not do what it did before. */
  readonly failed: boolean;
  /** Strands that were begun. */
  readonly begun: readonly number[];
}

/** All on this thread. */
export class OwnTurns implements StrandTurns {
  failed = false;
  #strands = 0;
  #isFirst = false;
  readonly #count: number;
  readonly #images: number;

  constructor({ strands, images }: { readonly strands: readonly unknown[]; readonly images: readonly unknown[] }) {
    this.#count = strands.length;
    this.#images = images.length;
  }

  begin(): void {
    this.failed = false;
    this.#strands = 0;
    this.#isFirst = true;
  }

  nextImages() {
    if (!this.#isFirst) return undefined;
    this.#isFirst = false;
    return { first: 0, end: this.#images };
  }

  imagesDone(): void {}

  hasImages(): boolean {
    return true;
  }

  nextStrand(): number | undefined {
    return this.failed || this.#strands === this.#count ? undefined : this.#strands++;
  }

  strandDone(_strand: number, isWhole: boolean): void {
    this.failed ||= !isWhole;
  }

  settled(): boolean {
    return true;
  }

  get begun(): readonly number[] {
    return Array.from({ length: this.#strands }, (_, i) => i);
  }
}
