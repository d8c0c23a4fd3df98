import { bf16ToFloat, DeviceError, type Tensor, tensor } from "@aiekit/core";
import type { ChainStep, DeviceTensor } from "@aiekit/host";
import type { EncoderState } from "../executor.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { type ArraySpace, closeArrays, type DeviceArrays, type StepRunner } from "./step-runner.ts";

interface EncodedWindowOptions {
  readonly sizes: WhisperSizes;
  readonly runner: StepRunner;
  readonly weights: DeviceArrays;
  /** bf16[positions, width]. */
  readonly encoded: DeviceTensor;
  readonly cross: readonly ChainStep[];
  readonly spaces: ReadonlyMap<string, ArraySpace>;
}

/** An encoded window on the device. Keys and values of the decoder's layers are made when a decoder first asks. */
export class EncodedWindow implements EncoderState {
  readonly positions: number;
  readonly #options: EncodedWindowOptions;
  readonly #pairs: DeviceArrays = new Map();
  readonly #keys = new Map<number, Float32Array>();
  #ready: Promise<void> | undefined;
  #closed = false;

  constructor(options: EncodedWindowOptions) {
    this.#options = options;
    this.positions = options.encoded.shape[0]!;
  }

  async output(): Promise<Tensor<"f32">> {
    this.#checkOpen();
    const { shape, data } = (await this.#options.encoded.read()) as Tensor<"bf16">;
    return tensor("f32", shape, Float32Array.from(data, bf16ToFloat));
  }

  /** Runs the launches of part `cross`, the first time. */
  prepare(): Promise<void> {
    this.#checkOpen();
    this.#ready ??= this.#makePairs();
    return this.#ready;
  }

  /** bf16[positions, 2 width]: keys and values of a layer of the decoder. */
  pairs(layer: number): DeviceTensor {
    return this.#pairs.get(`${layer}.kv`)!;
  }

  /** f32[positions, 2 width], keys first, on the host. */
  async pairsOnHost(layer: number): Promise<Float32Array> {
    const known = this.#keys.get(layer);
    if (known !== undefined) return known;
    const { data } = (await this.pairs(layer).read()) as Tensor<"bf16">;
    const pairs = Float32Array.from(data, bf16ToFloat);
    this.#keys.set(layer, pairs);
    return pairs;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    closeArrays(this.#pairs);
    this.#options.encoded.close();
  }

  get closed(): boolean {
    return this.#closed;
  }

  async #makePairs(): Promise<void> {
    const { runner, cross, spaces, weights, encoded } = this.#options;
    for (const { args } of cross) this.#pairs.set(args.c!, await runner.alloc(spaces.get(args.c!)!));
    if (this.#closed) closeArrays(this.#pairs);
    this.#checkOpen();
    const array = (name: string) => (name === "encoded" ? encoded : (this.#pairs.get(name) ?? weights.get(name)!));
    await runner.run({ part: "cross", steps: cross }, array);
  }

  #checkOpen(): void {
    if (this.#closed) throw new DeviceError("encoder state: it was closed");
  }
}
