import type { ConfiguredArray } from "../array.ts";

/** What each lock of an array gave and took, one behind the other, in the order in which tiles were touched. */
export type GivenAndTaken = Float64Array;

/** A launch that is played, as far as it is counted here. */
interface CountedTape {
  readonly lockCounts: GivenAndTaken;
}

/**
 * What locks gave and took in launches that were played: the locks themselves stay where they are meanwhile, or are brought to
 * the same state on a shorter way. Deadlocks are told in these numbers.
 */
export class LockCounts {
  readonly #array: ConfiguredArray;
  readonly #plays = new Map<CountedTape, number>();

  constructor(array: ConfiguredArray) {
    this.#array = array;
  }

  /** As the locks have them. */
  read(): GivenAndTaken {
    const locks = this.#locks();
    const counts = new Float64Array(2 * locks.length);
    for (let i = 0; i < locks.length; i++) {
      counts[2 * i] = locks[i]!.given;
      counts[2 * i + 1] = locks[i]!.taken;
    }
    return counts;
  }

  /** What was added since `before`; a tile that was not touched then had nothing. */
  since(before: GivenAndTaken): GivenAndTaken {
    return this.read().map((count, i) => count - (before[i] ?? 0));
  }

  played(tape: CountedTape): void {
    this.#plays.set(tape, (this.#plays.get(tape) ?? 0) + 1);
  }

  /** Does what brings the locks behind the launches that were played, and counts each of these once, whatever it does. */
  around(catchUp: () => void): void {
    if (this.#plays.size === 0) return;
    const before = this.read();
    const plays = [...this.#plays];
    this.#plays.clear();
    catchUp();
    // Now all tiles have been touched that these launches touch.
    const countOf = (i: number): number =>
      plays.reduce((sum, [{ lockCounts }, times]) => sum + times * (lockCounts[i] ?? 0), before[i] ?? 0);
    for (const [i, lock] of this.#locks().entries()) {
      lock.given = countOf(2 * i);
      lock.taken = countOf(2 * i + 1);
    }
  }

  #locks() {
    return this.#array.tiles().flatMap(({ locks }) => locks);
  }
}
