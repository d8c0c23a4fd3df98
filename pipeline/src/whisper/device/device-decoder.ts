import { BudgetError, floatToBf16, ShapeError, type Tensor, tensor, UsageError } from "@aiekit/core";
import type { DeviceTensor } from "@aiekit/host";
import type { DecoderOptions, DecoderSession } from "../executor.ts";
import type { WhisperWeights } from "../reference/reference-weights.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { CrossQueries } from "./cross-queries.ts";
import type { DecoderMemory } from "./decoder-memory.ts";
import { decoderSteps, headSteps, type PassKind, rowsOfPass } from "./decoder-steps.ts";
import { wideRows } from "./device-sizes.ts";
import type { EncodedWindow } from "./encoded-window.ts";
import type { StepRunner } from "./step-runner.ts";
import type { TokenCache } from "./token-cache.ts";
import type { WeightTypes } from "./weight-types.ts";

interface DeviceDecoderOptions extends DecoderOptions {
  readonly sizes: WhisperSizes;
  readonly types: WeightTypes;
  readonly runner: StepRunner;
  readonly memory: DecoderMemory;
  /** Embeddings of tokens and positions, which the host looks up. */
  readonly embeddings: Pick<WhisperWeights["decoder"], "tokens" | "positions">;
  readonly window: EncodedWindow;
}

/** A prompt of up to so many tokens goes token by token: most have three or four, and need no further kernels. */
const shortPrompt = 4;

/** A decoder on the device. The host looks up embeddings, reads logits, and copies caches when sequences are reordered. */
export class DeviceDecoder implements DecoderSession {
  #rows = 1;
  #length = 0;
  #caches: readonly TokenCache[];
  #isWide = false;
  readonly #options: DeviceDecoderOptions;
  readonly #queries: CrossQueries | undefined;

  /** Needs memory that is prepared for passes of kind `token`. */
  static async open(options: DeviceDecoderOptions): Promise<DeviceDecoder> {
    return new DeviceDecoder(options, await options.memory.caches("token"));
  }

  private constructor(options: DeviceDecoderOptions, caches: readonly TokenCache[]) {
    this.#options = options;
    const { sizes, window } = options;
    this.#caches = caches;
    this.#queries = options.keepCrossAttention ? new CrossQueries(sizes, window) : undefined;
  }

  get rows(): number {
    return this.#rows;
  }

  get length(): number {
    return this.#length;
  }

  async prefill(tokens: readonly number[], at: readonly number[] = [tokens.length - 1]): Promise<Tensor<"f32">> {
    if (this.#rows !== 1 || this.#length > 0) {
      throw new UsageError(`decoder: prefill: expected one empty row, got ${this.#rows} of ${this.#length} tokens`);
    }
    this.#check(tokens, tokens.length);
    const { vocab } = this.#options.sizes;
    const logits = tensor("f32", [at.length, vocab]);
    const chunk = tokens.length > shortPrompt ? wideRows(this.#options.sizes) : 1;
    for (let first = 0; first < tokens.length; first += chunk) {
      const part = tokens.slice(first, first + chunk);
      const wanted = at.some((token) => token >= first && token < first + chunk);
      const found = await this.#pass(chunk === 1 ? "token" : "prompt", part, wanted);
      at.forEach((token, i) => {
        const row = token - first;
        if (row >= 0 && row < chunk) logits.data.set(found.subarray(row * vocab, (row + 1) * vocab), i * vocab);
      });
      this.#length += part.length;
    }
    return logits;
  }

  async step(tokens: readonly number[]): Promise<Tensor<"f32">> {
    if (tokens.length !== this.#rows) {
      throw new ShapeError(`decoder: step: expected ${this.#rows} tokens, one a row, got ${tokens.length}`);
    }
    this.#check(tokens, 1);
    const { vocab } = this.#options.sizes;
    const found = await this.#pass(this.#isWide ? "sequences" : "token", tokens, true);
    this.#length++;
    return tensor("f32", [this.#rows, vocab], found.slice(0, this.#rows * vocab));
  }

  async reorder(sources: readonly number[]): Promise<void> {
    for (const source of sources) this.#checkRow(source);
    const most = wideRows(this.#options.sizes);
    if (sources.length < 1 || sources.length > most) {
      throw new BudgetError(`decoder: expected 1 to ${most} rows, got ${sources.length}`, {
        hint: "launches have so many rows: take fewer beams, or sample in several sessions",
      });
    }
    const isSame = sources.length === this.#rows && sources.every((source, i) => source === i);
    if (!isSame) {
      const { memory, window } = this.#options;
      const before = this.#caches;
      if (!this.#isWide) {
        await memory.prepare("sequences", window.positions);
        this.#caches = await memory.caches("sequences");
      }
      for (const [layer, cache] of this.#caches.entries()) await cache.take(before[layer]!, sources, this.#length);
      if (!this.#isWide) for (const cache of before) cache.close();
      this.#isWide = true;
      this.#rows = sources.length;
    }
    this.#queries?.reorder(sources);
  }

  async crossAttention(row: number): Promise<Tensor<"f32">> {
    if (this.#queries === undefined) {
      throw new UsageError("decoder: cross-attention was not kept", { hint: "open it with keepCrossAttention" });
    }
    this.#checkRow(row);
    return this.#queries.weights(row);
  }

  async close(): Promise<void> {
    for (const cache of this.#caches) cache.close();
    this.#caches = [];
  }

  /** Runs tokens through all layers; logits of all rows of the pass where they are wanted. */
  async #pass(kind: PassKind, tokens: readonly number[], wantsLogits: boolean): Promise<Float32Array> {
    const { sizes, types, runner, memory, window } = this.#options;
    const { positions } = window;
    await memory.prepare(kind, positions);
    await memory.array(kind, "x")!.write(this.#embedded(kind, tokens));
    const rows = rowsOfPass(kind, sizes);
    const keys = this.#length + (kind === "prompt" ? rows : 1);
    const parts = this.#newRows(kind);
    try {
      const array = (name: string) => parts.get(name) ?? this.#own(name) ?? memory.array(kind, name)!;
      const steps = decoderSteps({ sizes, types, positions, kind, keys });
      await runner.run({ part: "decoder", steps }, array);
      await this.#queries?.add(tokens.length, kind, (layer) => memory.array(kind, `${layer}.cross.query`)!);
      if (!wantsLogits) return new Float32Array();
      await runner.run({ part: "head", steps: headSteps(sizes, types, kind) }, array);
      return ((await memory.array(kind, "logits")!.read()) as Tensor<"f32">).data;
    } finally {
      for (const part of parts.values()) part.close();
    }
  }

  /** Embeddings of the tokens and of their positions, bf16[rows, width]; zeros in rows that are not used. */
  #embedded(kind: PassKind, tokens: readonly number[]): Tensor<"bf16"> {
    const { sizes, embeddings } = this.#options;
    const { width } = sizes;
    const x = tensor("bf16", [rowsOfPass(kind, sizes), width]);
    tokens.forEach((token, row) => {
      const position = this.#length + (kind === "prompt" ? row : 0);
      for (let i = 0; i < width; i++) {
        const sum = embeddings.tokens[token * width + i]! + embeddings.positions[position * width + i]!;
        x.data[row * width + i] = floatToBf16(sum);
      }
    });
    return x;
  }

  /** The rows of the caches that a pass writes. */
  #newRows(kind: PassKind): Map<string, DeviceTensor> {
    const parts = new Map<string, DeviceTensor>();
    this.#caches.forEach((cache, layer) => {
      if (kind === "sequences") {
        parts.set(`${layer}.new.k`, cache.half(this.#length, "keys"));
        parts.set(`${layer}.new.v`, cache.half(this.#length, "values"));
      } else parts.set(`${layer}.new`, cache.rows(this.#length, rowsOfPass(kind, this.#options.sizes)));
    });
    return parts;
  }

  /** Arrays of this session: `0.cache` and `0.kv`. */
  #own(name: string): DeviceTensor | undefined {
    const [, layer, what] = /^(\d+)\.(cache|kv)$/.exec(name) ?? [];
    if (layer === undefined) return undefined;
    return what === "cache" ? this.#caches[Number(layer)]!.array : this.#options.window.pairs(Number(layer));
  }

  #checkRow(row: number): void {
    if (row >= 0 && row < this.#rows) return;
    throw new UsageError(`decoder: row ${row}: expected one of ${this.#rows}`);
  }

  #check(tokens: readonly number[], more: number): void {
    const { vocab, textPositions } = this.#options.sizes;
    const wrong = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocab);
    if (wrong !== undefined) throw new UsageError(`decoder: token ${wrong}: expected one of 0 to ${vocab - 1}`);
    if (more < 1 || this.#length + more > textPositions) {
      throw new BudgetError(
        `decoder: the model has ${textPositions} positions, expected 1 to ${textPositions - this.#length} more tokens, got ${more}`,
      );
    }
  }
}
