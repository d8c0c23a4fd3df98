import type { LockConfig } from "./array-config.ts";
import type { FifoEnd } from "./fifo-ends.ts";

/** What a core does with one end: as consumer it acquires filled objects, as producer free ones. */
interface Hold {
  /** First object that is held, or will be. */
  next: number;
  held: number;
}

interface Use {
  readonly end: FifoEnd;
  readonly consumer: Hold;
  readonly producer: Hold;
}

/** What keeps a core from a buffer: it gave the object back, or has not acquired it yet. */
type NotHeld = { readonly end: FifoEnd; readonly port: "Consume" | "Produce"; readonly released: boolean };

/** Which objects of objectFifos one core holds. */
export class FifoHolds {
  readonly #uses: readonly Use[];

  /** `locks`: those that the core's body uses. */
  constructor(ends: readonly FifoEnd[], locks: readonly LockConfig[]) {
    this.#uses = ends
      .filter((end) => locks.includes(end.free) || locks.includes(end.filled))
      .map((end) => ({ end, consumer: { next: 0, held: 0 }, producer: { next: 0, held: 0 } }));
  }

  /** The end whose objects a lock counts. */
  endOf(lock: LockConfig): FifoEnd | undefined {
    return this.#uses.find(({ end }) => end.free === lock || end.filled === lock)?.end;
  }

  acquired(lock: LockConfig, amount: number): void {
    for (const { end, consumer, producer } of this.#uses) {
      if (end.filled === lock) consumer.held += amount;
      if (end.free === lock) producer.held += amount;
    }
  }

  /** What is given back that was not held; undefined when all of it was. */
  released(lock: LockConfig, amount: number): { readonly end: FifoEnd; readonly held: number } | undefined {
    for (const { end, consumer, producer } of this.#uses) {
      const hold = end.free === lock ? consumer : end.filled === lock ? producer : undefined;
      if (hold === undefined) continue;
      if (hold.held < amount) return { end, held: hold.held };
      hold.next += amount;
      hold.held -= amount;
    }
    return undefined;
  }

  /** Undefined when the core may use the buffer: it holds the object, or the buffer is no object of a fifo. */
  refusal(buffer: string): NotHeld | undefined {
    for (const { end, consumer, producer } of this.#uses) {
      const index = end.buffers.findIndex(({ name }) => name === buffer);
      if (index < 0) continue;
      const depth = end.buffers.length;
      if (holds(consumer, index, depth) || holds(producer, index, depth)) return undefined;
      const port = consumer.held + consumer.next > 0 ? "Consume" : "Produce";
      return { end, port, released: Math.max(consumer.next, producer.next) > index };
    }
    return undefined;
  }
}

function holds({ next, held }: Hold, index: number, depth: number): boolean {
  return (index - (next % depth) + depth) % depth < held;
}
