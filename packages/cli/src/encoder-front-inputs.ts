import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type Tensor, tensor } from "@aiekit/core";
import {
  type EncoderFrontSizes,
  encoderFrontArrays,
  encoderFrontPositions,
  loadSpeech,
  speechSamplePath,
} from "@aiekit/pipeline";
import { encoderFrontNoise, encoderFrontReference } from "@aiekit/validate";

/** What stands before a layer: the arrays that its launches read, and what it makes of them in float64. */
interface EncoderFrontInputs {
  readonly arrays: ReadonlyMap<string, Tensor>;
  readonly reference: Float64Array;
}

/** The speech sample, from its beginning again where it is too short, and random weights. */
export async function encoderFrontInputs(sizes: EncoderFrontSizes, seed: number): Promise<EncoderFrontInputs> {
  const { positions } = encoderFrontPositions(sizes);
  const { pcm: speech } = loadSpeech(await readFile(speechSamplePath), basename(speechSamplePath));
  const pcm = Int16Array.from({ length: sizes.samples }, (_, i) => speech[i % speech.length]!);
  const weights = encoderFrontNoise({ ...sizes, positions }, seed);
  const arrays = new Map<string, Tensor>([
    ...encoderFrontArrays(weights, sizes),
    ["pcm", tensor("i16", [sizes.samples], pcm)],
  ]);
  const of = ({ data }: { readonly data: Float32Array }) => Float64Array.from(data);
  const convolution = (name: "conv1" | "conv2") => ({
    weights: of(weights[name].weights),
    bias: of(weights[name].bias),
  });
  const reference = encoderFrontReference(
    Float64Array.from(pcm, (value) => value / 32_768),
    sizes.mels,
    { conv1: convolution("conv1"), conv2: convolution("conv2"), positions: of(weights.positions) },
  );
  return { arrays, reference };
}
