import { readFileSync } from "node:fs";
import type { Tensor } from "@aiekit/core";
import type { WeightSource } from "../../encoder/encoder-weights.ts";
import type { WindowOptions } from "../decoding/decode-window.ts";
import type { SpecialTokens } from "../decoding/special-tokens.ts";
import { seededArray, seededWeights } from "../seeded-model.test-support.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";

/** What PyTorch gave for a seeded model of real sizes: pipeline/fixtures/whisper/make_real_sizes_fixture.py. */
export interface RealSizesFixture {
  readonly name: "tiny" | "base";
  readonly sizes: WhisperSizes;
  /** First row, end and factor. */
  readonly scaledRows: readonly (readonly [number, number, number])[];
  readonly heldFrames: number;
  readonly prompt: readonly number[];
  readonly special: SpecialTokens;
  readonly suppress: readonly number[];
  readonly suppressAtBegin: readonly number[];
  readonly mostTokens: number;
  /** Positions whose states are in `rows`. */
  readonly fullRows: readonly number[];
  readonly logitStep: number;
  readonly full: readonly FullWindow[];
  readonly clips: readonly (ParityClip & { readonly frames: number })[];
}

export interface ParityClip {
  /** Packed f32[positions]: each state's product with a vector of signs. */
  readonly projections: string;
  readonly tokens: Readonly<Record<ParityMode, readonly number[]>>;
  readonly avgLogProb: Readonly<Record<ParityMode, number>>;
}

export interface FullWindow extends ParityClip {
  /** Packed f32[fullRows, width]. */
  readonly rows: string;
  readonly sum: number;
  readonly squares: number;
  /** Packed f32[prompt, ceil(vocab / logitStep)]. */
  readonly logits: string;
  readonly logSumExp: readonly number[];
}

export const parityModes = {
  greedy: { search: { temperature: 0 }, timestamps: true },
  greedyText: { search: { temperature: 0 }, timestamps: false },
  beam5: { search: { beams: 5 }, timestamps: true },
  beam5Text: { search: { beams: 5 }, timestamps: false },
} as const satisfies Readonly<Record<string, Partial<WindowOptions>>>;
export type ParityMode = keyof typeof parityModes;

export function realSizesFixture(name: "tiny" | "base"): RealSizesFixture {
  const file = new URL(`../../../fixtures/whisper/real-sizes-${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8"));
}

/** The fixture's weights, each array made when it is asked for. */
export function realSizesWeights({ name: size, sizes, scaledRows }: RealSizesFixture): WeightSource {
  const weights = seededWeights(sizes, `${size} `);
  return async (name) => {
    // Both signs, so that a head that is tied to the embedding does not repeat the last token.
    if (name === "model.decoder.layer_norm.weight") return seededArray(`${size} ${name}`, [sizes.width], 2);
    const array = (await weights(name)) as Tensor<"f32"> | undefined;
    if (array === undefined || name !== "model.decoder.embed_tokens.weight") return array;
    const { data } = array;
    for (const [first, end, factor] of scaledRows) {
      for (let i = first * sizes.width; i < end * sizes.width; i++) data[i]! *= factor;
    }
    return array;
  };
}

/** Features of the window that the fixture's script calls `name`: values held for some frames, and noise in each. */
export function realSizesFeatures({ sizes, heldFrames }: RealSizesFixture, name: string, frames: number) {
  const { mels } = sizes;
  const blocks = Math.ceil(frames / heldFrames);
  const held = seededArray(`${name} held`, [mels, blocks], 3).data;
  const features = seededArray(`${name} noise`, [mels, frames], 1);
  for (let mel = 0; mel < mels; mel++) {
    for (let i = 0; i < frames; i++)
      features.data[mel * frames + i]! += held[mel * blocks + Math.floor(i / heldFrames)]!;
  }
  return features;
}

/** decode()'s defaults: a first timestamp of 1 s at most, in steps of 0.02 s. */
export function realSizesOptions(fixture: RealSizesFixture, mode: ParityMode): WindowOptions {
  const { special, suppress, suppressAtBegin, mostTokens } = fixture;
  return {
    special,
    language: "en",
    suppress,
    suppressAtBegin,
    maxInitialTimestamp: 50,
    maxTokens: mostTokens,
    ...parityModes[mode],
  };
}

/** Each state's product with the fixture's vector of signs: a wrong value anywhere in a state shows in it. */
export function signedSums({ data, shape }: Tensor<"f32">): Float64Array {
  const [positions = 0, width = 0] = shape;
  const signs = seededArray("signs", [width], 2).data;
  const sums = new Float64Array(positions);
  for (let i = 0; i < positions; i++) {
    for (let j = 0; j < width; j++) sums[i]! += Math.sign(signs[j]!) * data[i * width + j]!;
  }
  return sums;
}

/** The float32 values of a packed array. */
export function unpacked(base64: string): Float32Array {
  const bytes = Buffer.from(base64, "base64");
  const values = new Float32Array(bytes.length / 4);
  for (let i = 0; i < values.length; i++) values[i] = bytes.readFloatLE(4 * i);
  return values;
}
