import type { Tensor } from "@aiekit/core";
import { DeviceTensor } from "@aiekit/host";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { decoderSteps, headSteps, type PassKind } from "./decoder-steps.ts";
import { cacheRows } from "./device-sizes.ts";
import { type ArrayContent, type ArraySpace, closeArrays, type DeviceArrays, type StepRunner } from "./step-runner.ts";
import { TokenCache } from "./token-cache.ts";
import type { WeightTypes } from "./weight-types.ts";

interface DecoderMemoryOptions {
  readonly sizes: WhisperSizes;
  readonly types: WeightTypes;
  readonly runner: StepRunner;
  /** What the steps read besides tokens, by name. */
  readonly contents: ReadonlyMap<string, Tensor>;
}

/** Arrays of the decoder on the device: weights for all sessions, and what a pass of each kind works in. */
export class DecoderMemory {
  readonly #options: DecoderMemoryOptions;
  readonly #weights: DeviceArrays = new Map();
  readonly #work = new Map<PassKind, DeviceArrays>();
  readonly #views = new Map<PassKind, DeviceArrays>();
  readonly #cacheSpaces = new Map<PassKind, ArraySpace>();
  readonly #ready = new Map<PassKind, Promise<void>>();

  constructor(options: DecoderMemoryOptions) {
    this.#options = options;
  }

  /** Makes room for passes of a kind, and loads their kernels; `positions` of any window. */
  prepare(kind: PassKind, positions: number): Promise<void> {
    const known = this.#ready.get(kind);
    if (known !== undefined) return known;
    const ready = this.#prepare(kind, positions);
    this.#ready.set(kind, ready);
    ready.catch(() => this.#ready.delete(kind));
    return ready;
  }

  async #prepare(kind: PassKind, positions: number): Promise<void> {
    const { sizes, types, runner, contents } = this.#options;
    const keys = cacheRows(sizes);
    const steps = [...decoderSteps({ sizes, types, positions, kind, keys }), ...headSteps(sizes, types, kind)];
    const [work, views]: [DeviceArrays, DeviceArrays] = [new Map(), new Map()];
    const spaces = await runner.spaces(steps);
    const weights: ArrayContent[] = [];
    try {
      for (const [name, space] of spaces) {
        const content = contents.get(name);
        if (content !== undefined) weights.push({ name, space, content });
        else if (name === "0.cache") this.#cacheSpaces.set(kind, space);
        else if (!isOfSession(name) && !(kind === "sequences" && isView(name))) {
          work.set(name, await runner.alloc(space));
        }
      }
      await runner.load(this.#weights, weights);
    } catch (error) {
      closeArrays(work);
      throw error;
    }
    for (const name of kind === "sequences" ? ["q", "a"] : []) {
      // The same memory as rows of sequences, which attention sees as one row of many heads.
      const { bo, padded } = work.get(`${name}.flat`)!;
      const { shape } = spaces.get(name)!.layout;
      const rows = ((padded[0] ?? 1) * (padded[1] ?? 1)) / shape[1]!;
      views.set(name, new DeviceTensor({ dtype: "bf16", shape, padded: [rows, shape[1]!] }, bo));
    }
    this.#work.set(kind, work);
    this.#views.set(kind, views);
  }

  /** Undefined for what belongs to a session: its caches and its window. */
  array(kind: PassKind, name: string): DeviceTensor | undefined {
    return this.#weights.get(name) ?? this.#views.get(kind)?.get(name) ?? this.#work.get(kind)?.get(name);
  }

  /** An empty cache for each layer, for passes of a kind that was prepared. */
  async caches(kind: PassKind): Promise<readonly TokenCache[]> {
    const { runner, sizes } = this.#options;
    const space = this.#cacheSpaces.get(kind)!;
    const caches: TokenCache[] = [];
    try {
      while (caches.length < sizes.decoderLayers) caches.push(new TokenCache(await runner.alloc(space), sizes.width));
      return caches;
    } catch (error) {
      for (const cache of caches) cache.close();
      throw error;
    }
  }

  close(): void {
    for (const arrays of [this.#weights, ...this.#work.values()]) closeArrays(arrays);
  }
}

/** `0.cache`, `0.kv`, `0.new`, `0.new.k`. */
const isOfSession = (name: string): boolean => /^\d+\.(cache|kv|new(\.[kv])?)$/.test(name);

const isView = (name: string): boolean => name === "q" || name === "a";
