import type { KeysValues } from "./attention.ts";
import type { Rows } from "./rows.ts";

/** Keys and values of the tokens a layer has seen, appended in place; the arrays double when they are full. */
export class KeyValueCache implements KeysValues {
  count = 0;
  keys: Float64Array;
  values: Float64Array;

  constructor(capacity: number) {
    this.keys = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
  }

  append(keys: Rows, values: Rows): void {
    const used = this.count * keys.width;
    const needed = used + keys.data.length;
    if (needed > this.keys.length) {
      this.keys = grown(this.keys, used, needed);
      this.values = grown(this.values, used, needed);
    }
    this.keys.set(keys.data, used);
    this.values.set(values.data, used);
    this.count += keys.count;
  }

  copy(): KeyValueCache {
    const copy = new KeyValueCache(0);
    copy.count = this.count;
    copy.keys = this.keys.slice();
    copy.values = this.values.slice();
    return copy;
  }
}

function grown(array: Float64Array, used: number, needed: number): Float64Array {
  const larger = new Float64Array(Math.max(needed, 2 * array.length));
  larger.set(array.subarray(0, used));
  return larger;
}
