// Log-mel energies of one frame in float64, from their definition: no code or table in common with the kernel.

const samples = 400;
const points = 512;
const rateHz = 16_000;
const bands = 80;

/** 10 log10 of the 80 band energies of 400 samples, floor -100 dB. */
export function logMelReference(pcm: ArrayLike<number>): number[] {
  const power = powerSpectrum(pcm);
  return filters.map((weights) => {
    const energy = weights.reduce((sum, weight, bin) => sum + weight * power[bin]!, 0);
    return 10 * Math.log10(Math.max(energy, 1e-10));
  });
}

function powerSpectrum(pcm: ArrayLike<number>): Float64Array {
  const power = new Float64Array(points / 2 + 1);
  for (let bin = 0; bin <= points / 2; bin++) {
    let [re, im] = [0, 0];
    for (let n = 0; n < samples; n++) {
      const x = (pcm[n]! / 32_768) * hann[n]!;
      re += x * cosine[(bin * n) % points]!;
      im -= x * cosine[(bin * n + (3 * points) / 4) % points]!;
    }
    power[bin] = re * re + im * im;
  }
  return power;
}

const hann = Float64Array.from({ length: samples }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / samples));
const cosine = Float64Array.from({ length: points }, (_, i) => Math.cos((2 * Math.PI * i) / points));

const hzToMel = (hz: number): number => 2_595 * Math.log10(1 + hz / 700);
const melToHz = (mel: number): number => 700 * (10 ** (mel / 2_595) - 1);
const edgeHz = (i: number): number => melToHz((hzToMel(rateHz / 2) * i) / (bands + 1));

/** Rises from edge `band` to 1 at the next edge and falls to 0 at the one after. */
function triangle(band: number, hz: number): number {
  const [low, peak, high] = [edgeHz(band), edgeHz(band + 1), edgeHz(band + 2)];
  return Math.max(0, Math.min((hz - low) / (peak - low), (high - hz) / (high - peak)));
}

const filters = Array.from({ length: bands }, (_, band) =>
  Array.from({ length: points / 2 + 1 }, (_, bin) => triangle(band, (bin * rateHz) / points)),
);
