import { type MelDefinition, mel80 } from "./mel-definition.ts";

/** Filter weights, row-major [bins, spectrumBins] with spectrumBins = fftPoints/2 + 1. */
export interface FilterBank {
  readonly bins: number;
  readonly spectrumBins: number;
  readonly weights: Float64Array;
}

/** HTK's mel scale: 2595·log10(1 + f/700).   Source: The HTK Book, section "Filterbank analysis". */
export function hzToMel(hz: number): number {
  return 2595 * Math.log10(1 + hz / 700);
}

export function melToHz(mel: number): number {
  return 700 * (10 ** (mel / 2595) - 1);
}

/** bins + 2 edges in Hz, equally spaced in mel; filter b rises from edge b to b+1 and falls to b+2. */
export function melEdgesHz(definition: MelDefinition = mel80): Float64Array {
  const low = hzToMel(definition.lowHz);
  const step = (hzToMel(definition.highHz) - low) / (definition.bins + 1);
  return Float64Array.from({ length: definition.bins + 2 }, (_, i) => melToHz(low + i * step));
}

/**
 * Triangles of peak 1 whose edges stay where they are on the frequency axis: the weight of spectrum bin k is read off
 * the triangle at k·sampleRate/fftPoints Hz, so no band is empty however narrow it is.
 */
export function melFilterBank(definition: MelDefinition = mel80): FilterBank {
  const edges = melEdgesHz(definition);
  const spectrumBins = definition.fftPoints / 2 + 1;
  const weights = new Float64Array(definition.bins * spectrumBins);
  for (let b = 0; b < definition.bins; b++) {
    const [low, centre, high] = [edges[b]!, edges[b + 1]!, edges[b + 2]!];
    for (let k = 0; k < spectrumBins; k++) {
      const hz = (k * definition.sampleRateHz) / definition.fftPoints;
      const weight = Math.min((hz - low) / (centre - low), (high - hz) / (high - centre));
      weights[b * spectrumBins + k] = Math.max(0, weight);
    }
  }
  return { bins: definition.bins, spectrumBins, weights };
}

/**
 * Triangles whose edges are floored to spectrum bins, ⌊(fftPoints + 1)·f / sampleRate⌋, as meyda builds them. At 80
 * bands and 512 points low bands are reduced to one bin, and where two edges meet in one bin, to none.
 */
export function snappedFilterBank(definition: MelDefinition = mel80): FilterBank {
  const edges = melEdgesHz(definition).map((hz) =>
    Math.floor(((definition.fftPoints + 1) * hz) / definition.sampleRateHz),
  );
  const spectrumBins = definition.fftPoints / 2 + 1;
  const weights = new Float64Array(definition.bins * spectrumBins);
  for (let b = 0; b < definition.bins; b++) {
    const [low, centre, high] = [edges[b]!, edges[b + 1]!, edges[b + 2]!];
    for (let k = low; k < centre; k++) weights[b * spectrumBins + k] = (k - low) / (centre - low);
    for (let k = centre; k < high; k++) weights[b * spectrumBins + k] = (high - k) / (high - centre);
  }
  return { bins: definition.bins, spectrumBins, weights };
}

/** Bands whose weights are all zero: whatever the input, their output is the floor. */
export function emptyBands(bank: FilterBank): number[] {
  const rows = Array.from({ length: bank.bins }, (_, b) => b);
  return rows.filter((b) =>
    bank.weights.subarray(b * bank.spectrumBins, (b + 1) * bank.spectrumBins).every((w) => w === 0),
  );
}
