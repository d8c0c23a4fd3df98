import { spectrumBins } from "./power-spectrum.ts";

/** One triangle over the bins: weights of bins `first` and up. */
interface MelBand {
  readonly first: number;
  readonly weights: Float64Array;
}

const binHz = 40;

/**
 * Whisper's filters: triangles of area 1 Hz, their corners equally spaced in Slaney's mel scale from 0 to 8 kHz, which is
 * linear up to 1 kHz and logarithmic above.   Source: M. Slaney, Auditory Toolbox (1998); librosa's `norm="slaney"`.
 */
export function melBands(count: number): readonly MelBand[] {
  const top = melOf((spectrumBins - 1) * binHz);
  const corners = Array.from({ length: count + 2 }, (_, i) => hzOf((i * top) / (count + 1)));
  return Array.from({ length: count }, (_, band) => {
    const [low, peak, high] = [corners[band]!, corners[band + 1]!, corners[band + 2]!];
    const first = Math.ceil(low / binHz);
    const inside = Math.max(0, Math.floor(high / binHz) - first + 1);
    const weights = Float64Array.from({ length: inside }, (_, i) => {
      const hz = (first + i) * binHz;
      return (Math.max(0, Math.min((hz - low) / (peak - low), (high - hz) / (high - peak))) * 2) / (high - low);
    });
    return { first, weights };
  });
}

const linearMels = 15;
const melHz = 200 / 3;
const octaveMels = 27 / Math.log(6.4);

function melOf(hz: number): number {
  return hz < 1000 ? hz / melHz : linearMels + octaveMels * Math.log(hz / 1000);
}

function hzOf(mel: number): number {
  return mel < linearMels ? mel * melHz : 1000 * Math.exp((mel - linearMels) / octaveMels);
}
