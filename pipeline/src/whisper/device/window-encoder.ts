import { describeShape, floatToBf16, ShapeError, type Tensor, tensor } from "@aiekit/core";
import type { ChainStep, DeviceTensor } from "@aiekit/host";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { hopSamples } from "./device-sizes.ts";
import { EncodedWindow } from "./encoded-window.ts";
import { type ArrayContent, type ArraySpace, closeArrays, type DeviceArrays, type StepRunner } from "./step-runner.ts";
import type { WeightTypes } from "./weight-types.ts";
import { type WindowSteps, windowSteps } from "./window-steps.ts";

interface WindowEncoderOptions {
  readonly sizes: WhisperSizes;
  readonly types: WeightTypes;
  /** An even number. */
  readonly frames: number;
  readonly runner: StepRunner;
  /** What the steps read besides features, by name; `positions` of the full window. */
  readonly contents: ReadonlyMap<string, Tensor>;
  /** The same on the device, for windows of all lengths; what is not there yet is added. */
  readonly weights: DeviceArrays;
}

/** The encoder for windows of one length. Its arrays are allocated once; what a window leaves is a new array each time. */
export class WindowEncoder {
  readonly #options: WindowEncoderOptions;
  readonly #steps: WindowSteps;
  readonly #arrays: DeviceArrays = new Map();
  /** Of what belongs to a window: the encoder's result, keys and values. */
  readonly #own = new Map<string, ArraySpace>();
  #ready: Promise<void> | undefined;
  #melReady: Promise<void> | undefined;

  constructor(options: WindowEncoderOptions) {
    this.#options = options;
    this.#steps = windowSteps(options.sizes, options.frames, options.types);
  }

  /** `features`: f32[mels, frames]. */
  async encode(features: Tensor<"f32">): Promise<EncodedWindow> {
    await this.#prepare();
    await this.#array("features").write(features);
    return this.#encode();
  }

  /** `pcm`: i16[160 frames], 16 kHz. Features are made on the device and stay there. */
  async encodeSpeech(pcm: Tensor<"i16">): Promise<EncodedWindow> {
    await this.#mel(pcm);
    return this.#encode();
  }

  /** A window that was encoded elsewhere: f32[frames / 2, width]. Needs the kernels of part `cross` alone. */
  async adopt({ data, shape }: Tensor<"f32">): Promise<EncodedWindow> {
    const { runner, sizes, weights, contents } = this.#options;
    const spaces = await runner.spaces(this.#steps.cross);
    const wanted: ArrayContent[] = [];
    for (const [name, space] of spaces) {
      const content = contents.get(name);
      if (content !== undefined) wanted.push({ name, space, content });
    }
    await runner.load(weights, wanted);
    const encoded = await runner.alloc(spaces.get("encoded")!);
    await encoded.write(tensor("bf16", shape, Uint16Array.from(data, floatToBf16)));
    return new EncodedWindow({ sizes, runner, weights, encoded, cross: this.#steps.cross, spaces });
  }

  /** f32[mels, frames] of i16[160 frames]. */
  async features(pcm: Tensor<"i16">): Promise<Tensor<"f32">> {
    await this.#mel(pcm);
    return (await this.#array("features").read()) as Tensor<"f32">;
  }

  close(): void {
    closeArrays(this.#arrays);
  }

  async #mel(pcm: Tensor<"i16">): Promise<void> {
    const { frames, runner } = this.#options;
    const [expected, got] = [describeShape("i16", [frames * hopSamples]), describeShape(pcm.dtype, pcm.shape)];
    if (expected !== got) throw new ShapeError(`encoder: sound: expected ${expected}, got ${got}`);
    await this.#prepare();
    this.#melReady ??= this.#allocateMel();
    await this.#melReady;
    await this.#array("pcm").write(pcm);
    await runner.run({ part: "mel", steps: this.#steps.mel }, (name) => this.#array(name));
  }

  async #encode(): Promise<EncodedWindow> {
    const { runner, sizes, weights } = this.#options;
    const encoded = await runner.alloc(this.#own.get("encoded")!);
    try {
      const array = (name: string) => (name === "encoded" ? encoded : this.#array(name));
      await runner.run({ part: "encoder", steps: this.#steps.encoder }, array);
    } catch (error) {
      encoded.close();
      throw error;
    }
    return new EncodedWindow({ sizes, runner, weights, encoded, cross: this.#steps.cross, spaces: this.#own });
  }

  #array(name: string): DeviceTensor {
    return (this.#arrays.get(name) ?? this.#options.weights.get(name))!;
  }

  #prepare(): Promise<void> {
    this.#ready ??= this.#allocate();
    return this.#ready;
  }

  async #allocate(): Promise<void> {
    const { runner, contents, weights, sizes, frames } = this.#options;
    const spaces = await runner.spaces([...this.#steps.encoder, ...this.#steps.cross]);
    const wanted: ArrayContent[] = [];
    for (const [name, space] of spaces) {
      const content = contents.get(name);
      if (name === "encoded" || isResult(this.#steps.cross, name)) this.#own.set(name, space);
      else if (content === undefined || name === "positions") this.#arrays.set(name, await runner.alloc(space));
      else wanted.push({ name, space, content });
    }
    await runner.load(weights, wanted);
    const positions = contents.get("positions") as Tensor<"bf16">;
    const shape = [frames / 2, sizes.width];
    await this.#array("positions").write(tensor("bf16", shape, positions.data.subarray(0, (frames / 2) * sizes.width)));
  }

  /** The kernel that makes features needs more rows of their buffer than the one that reads them. */
  async #allocateMel(): Promise<void> {
    const { runner } = this.#options;
    const spaces = await runner.spaces([...this.#steps.mel, this.#steps.encoder[0]!]);
    this.#arrays.get("features")?.close();
    for (const name of ["pcm", "features"]) this.#arrays.set(name, await runner.alloc(spaces.get(name)!));
  }
}

const isResult = (steps: readonly ChainStep[], name: string): boolean => steps.some(({ args }) => args.c === name);
