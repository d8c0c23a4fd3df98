import type { SimContext } from "./sim-context.ts";

/**
 * Contexts whose configuration the columns of a device hold. As many stay side by side as there are columns for; for another
 * one those leave that ran longest ago. Which of them a driver takes away is not published: a guess.
 */
export class ResidentContexts {
  readonly #columns: number;
  /** With the columns that each takes, the one that ran last at the end. */
  readonly #resident = new Map<SimContext, number>();

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** Before a run of `context`, which takes `width` columns. True when it takes the place of another one. */
  use(context: SimContext, width: number): boolean {
    const isResident = this.#resident.delete(context);
    let evicts = false;
    for (const other of this.#resident.keys()) {
      if (isResident || this.#taken() + width <= this.#columns) break;
      this.#resident.delete(other);
      evicts = true;
    }
    this.#resident.set(context, width);
    return evicts;
  }

  leave(context: SimContext): void {
    this.#resident.delete(context);
  }

  #taken(): number {
    return [...this.#resident.values()].reduce((sum, width) => sum + width, 0);
  }
}
