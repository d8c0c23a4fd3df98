import { ShapeError, type Tensor, tensor } from "@aiekit/core";
import { melBands } from "./mel-bands.ts";
import { frameSamples, powerSpectrum, spectrumBins } from "./power-spectrum.ts";

export const hopSamples = 160;

const floorEnergy = 1e-10;
const decades = 8;

/**
 * Whisper's features in float64: frames of 25 ms every 10 ms, centred, the sound mirrored at both ends and the last frame
 * left out; periodic Hann; log10 of a band's energy, 1e-10 at least, not more than 8 below the largest; plus 4, over 4.
 * `samples`: 16 kHz, full scale -1 to 1. Returns a function to f32[mels, ⌊samples / 160⌋].
 * Source: openai/whisper, audio.py, `log_mel_spectrogram`.
 * @throws ShapeError for less sound than can be mirrored: 201 samples.
 */
export function logMel(mels: number): (samples: Float32Array) => Tensor<"f32"> {
  const bands = melBands(mels);
  const frame = new Float64Array(frameSamples);
  const power = new Float64Array(spectrumBins);
  return (samples) => {
    const { length } = samples;
    if (length <= frameSamples / 2) {
      throw new ShapeError(`log-mel: expected ${frameSamples / 2 + 1} samples or more, got ${length}`);
    }
    const frames = Math.floor(length / hopSamples);
    const features = tensor("f32", [mels, frames]);
    const { data } = features;
    let largest = Number.NEGATIVE_INFINITY;
    for (let f = 0; f < frames; f++) {
      const start = f * hopSamples - frameSamples / 2;
      for (let n = 0; n < frameSamples; n++) frame[n] = hann[n]! * samples[mirrored(start + n, length)]!;
      powerSpectrum(frame, power);
      for (let band = 0; band < mels; band++) {
        const value = Math.log10(Math.max(energyOf(power, bands[band]!), floorEnergy));
        largest = Math.max(largest, value);
        data[band * frames + f] = value;
      }
    }
    for (let i = 0; i < data.length; i++) data[i] = (Math.max(data[i]!, largest - decades) + 4) / 4;
    return features;
  };
}

function energyOf(power: Float64Array, { first, weights }: ReturnType<typeof melBands>[number]): number {
  let energy = 0;
  for (let i = 0; i < weights.length; i++) energy += weights[i]! * power[first + i]!;
  return energy;
}

/** The samples at the ends are not repeated. */
function mirrored(index: number, length: number): number {
  if (index < 0) return -index;
  return index < length ? index : 2 * (length - 1) - index;
}

const hann = Float64Array.from(
  { length: frameSamples },
  (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / frameSamples),
);
