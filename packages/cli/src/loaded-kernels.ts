import type { LoadedKernel } from "@aiekit/host";

/** Builds of one kernel with various parameters, loaded when first asked for; the one not asked for longest is closed. */
export class LoadedKernels {
  readonly #load: (params: Params) => Promise<LoadedKernel>;
  readonly #most: number;
  /** By parameters; asked for last comes last. */
  readonly #kept = new Map<string, LoadedKernel>();

  /** `most`: how many stay loaded, each with a hardware context of its own. */
  constructor(most: number, load: (params: Params) => Promise<LoadedKernel>) {
    this.#most = most;
    this.#load = load;
  }

  async get(params: Params): Promise<LoadedKernel> {
    const key = JSON.stringify(Object.entries(params).sort());
    const kernel = this.#kept.get(key) ?? (await this.#load(params));
    this.#kept.delete(key);
    this.#kept.set(key, kernel);
    if (this.#kept.size > this.#most) await this.#closeOldest();
    return kernel;
  }

  async #closeOldest(): Promise<void> {
    for (const [key, kernel] of this.#kept) {
      this.#kept.delete(key);
      return kernel.close();
    }
  }
}

type Params = Readonly<Record<string, number | string>>;
