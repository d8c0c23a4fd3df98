import { UsageError } from "@aiekit/core";

interface Pooled {
  close(): Promise<void>;
}

/** Something of a pool, which stays open until it is released. */
export interface Lease<V> {
  readonly value: V;
  release(): Promise<void>;
}

export interface LruLimits<V> {
  /** Things that are kept open at most, those in use counted. */
  readonly most?: number;
  /** Bytes that they take together at most, and what one takes. */
  readonly mostBytes?: number;
  readonly sizeBytes?: (value: V) => number;
}

interface Entry<V> {
  readonly made: Promise<V>;
  value: V | undefined;
  users: number;
}

/**
 * Makes things when they are first asked for and keeps those that were used last. Who asks for what is being made waits for
 * the same one. What is in use is never closed: limits are passed until it is released.
 */
export class LruPool<K, V extends Pooled> {
  /** Least recently used first. */
  readonly #entries = new Map<K, Entry<V>>();
  readonly #make: (key: K) => Promise<V>;
  readonly #limits: LruLimits<V>;
  #isClosed = false;

  constructor(make: (key: K) => Promise<V>, limits: LruLimits<V>) {
    this.#make = make;
    this.#limits = limits;
  }

  /** Keys of what is kept, least recently used first. */
  keys(): K[] {
    return [...this.#entries.keys()];
  }

  /** @throws what making throws; the next one who asks tries again. */
  async lease(key: K): Promise<Lease<V>> {
    if (this.#isClosed) throw new UsageError("pool: it is closed");
    const entry: Entry<V> = this.#entries.get(key) ?? { made: this.#make(key), value: undefined, users: 0 };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users++;
    try {
      entry.value = await entry.made;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
    await this.#evict();
    let isReleased = false;
    return {
      value: entry.value,
      release: async () => {
        if (isReleased) return;
        isReleased = true;
        entry.users--;
        await this.#evict();
      },
    };
  }

  /** Closes what is not in use; the rest when it is released. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#evict();
  }

  async #evict(): Promise<void> {
    for (const [key, entry] of [...this.#entries]) {
      if (!this.#isClosed && !this.#isOverLimit()) return;
      if (entry.users > 0 || entry.value === undefined) continue;
      // Removed before it is closed: nobody gets it while that lasts.
      this.#entries.delete(key);
      await entry.value.close();
    }
  }

  #isOverLimit(): boolean {
    const { most = Number.POSITIVE_INFINITY, mostBytes = Number.POSITIVE_INFINITY, sizeBytes = () => 0 } = this.#limits;
    let bytes = 0;
    for (const { value } of this.#entries.values()) bytes += value === undefined ? 0 : sizeBytes(value);
    return this.#entries.size > most || bytes > mostBytes;
  }
}
