import type { OnnxRuntime, OrtTensor } from "../onnx-runtime.ts";

/**
 * What an exported decoder was given and gave: keys and values by their names behind `past_key_values.`. It makes new ones
 * a step, so this holds tensors and not memory that grows in place.
 */
export class ExportCache {
  rows = 1;
  length = 0;
  /** `LAYER.decoder.key` and so on: [rows, heads, length, columns]. */
  self: Readonly<Record<string, OrtTensor>> = {};
  /** `LAYER.encoder.key` and so on, of one row. */
  window: Readonly<Record<string, OrtTensor>> = {};
  readonly #runtime: OnnxRuntime;
  #repeated: Readonly<Record<string, OrtTensor>> | undefined;

  constructor(runtime: OnnxRuntime) {
    this.#runtime = runtime;
  }

  reorder(sources: readonly number[]): void {
    if (sources.length === this.rows && sources.every((source, row) => source === row)) return;
    if (sources.length !== this.rows) this.#repeated = undefined;
    this.self = this.#gathered(this.self, sources);
    this.rows = sources.length;
  }

  /** The window's keys and values for every row: these graphs want them repeated. */
  windowOfRows(): Readonly<Record<string, OrtTensor>> {
    if (this.rows === 1) return this.window;
    this.#repeated ??= this.#gathered(this.window, new Array(this.rows).fill(0));
    return this.#repeated;
  }

  #gathered(tensors: Readonly<Record<string, OrtTensor>>, sources: readonly number[]): Record<string, OrtTensor> {
    return Object.fromEntries(
      Object.entries(tensors).map(([name, { data, dims }]) => {
        const [rows = 1, ...inner] = dims;
        const size = data.length / rows;
        const taken = new Float32Array(sources.length * size);
        sources.forEach((source, row) => {
          taken.set((data as Float32Array).subarray(source * size, (source + 1) * size), row * size);
        });
        return [name, new this.#runtime.Tensor("float32", taken, [sources.length, ...inner])];
      }),
    );
  }
}
