/** Keys and values of one layer: f32[rows, heads, capacity, columns], the first `length` positions used. */
interface LayerCache {
  keys: Float32Array;
  values: Float32Array;
}

interface CacheSizes {
  readonly layers: number;
  readonly heads: number;
  readonly columns: number;
  /** Positions that the model has. */
  readonly limit: number;
}

/**
 * Self-attention keys and values of all layers in memory that onnxruntime writes in place: a step writes its own position
 * and copies nothing. Capacity doubles, so memory follows the text and not the limit.
 */
export class KeyValueCache {
  rows = 1;
  length = 0;
  capacity: number;
  layers: readonly LayerCache[];
  readonly #sizes: CacheSizes;

  constructor(sizes: CacheSizes) {
    this.#sizes = sizes;
    this.capacity = Math.min(sizes.limit, startCapacity);
    this.layers = this.#allocated(1, this.capacity);
  }

  get columns(): number {
    return this.#sizes.columns;
  }

  /** Makes room for `length` positions. */
  reserve(length: number): void {
    if (length <= this.capacity) return;
    const capacity = Math.min(this.#sizes.limit, Math.max(length, 2 * this.capacity));
    this.#move(capacity, [...Array(this.rows).keys()]);
  }

  /** Row i becomes what row `sources[i]` is. Rows that stay where they are cost nothing. */
  reorder(sources: readonly number[]): void {
    if (sources.length !== this.rows) {
      this.#move(this.capacity, sources);
      return;
    }
    const changed = sources.flatMap((source, row) => (source === row ? [] : [{ source, row }]));
    const { heads, columns } = this.#sizes;
    const used = this.length * columns;
    const plane = this.capacity * columns;
    // Taken whole before any is written: a row may be another's source and have one itself.
    const taken = new Float32Array(changed.length * used);
    for (const array of this.#arrays()) {
      for (let head = 0; head < heads; head++) {
        changed.forEach(({ source }, i) => {
          const from = (source * heads + head) * plane;
          taken.set(array.subarray(from, from + used), i * used);
        });
        changed.forEach(({ row }, i) => {
          array.set(taken.subarray(i * used, (i + 1) * used), (row * heads + head) * plane);
        });
      }
    }
  }

  #move(capacity: number, sources: readonly number[]): void {
    const { heads, columns } = this.#sizes;
    const old = [...this.#arrays()];
    const [oldPlane, plane, used] = [this.capacity * columns, capacity * columns, this.length * columns];
    this.layers = this.#allocated(sources.length, capacity);
    this.rows = sources.length;
    this.capacity = capacity;
    [...this.#arrays()].forEach((array, i) => {
      sources.forEach((source, row) => {
        for (let head = 0; head < heads; head++) {
          const from = (source * heads + head) * oldPlane;
          array.set(old[i]!.subarray(from, from + used), (row * heads + head) * plane);
        }
      });
    });
  }

  *#arrays(): Generator<Float32Array> {
    for (const { keys, values } of this.layers) {
      yield keys;
      yield values;
    }
  }

  #allocated(rows: number, capacity: number): LayerCache[] {
    const { layers, heads, columns } = this.#sizes;
    const size = rows * heads * capacity * columns;
    return Array.from({ length: layers }, () => ({ keys: new Float32Array(size), values: new Float32Array(size) }));
  }
}

const startCapacity = 64;
