import type { Criterion } from "./suite-result.ts";

/** Output of a log-mel kernel. */
export interface MelOutput {
  /** Q8.8 dB, i16[frames, 80]; other arrays are taken as numbers in the same unit. */
  readonly mel: ArrayLike<number>;
  readonly frames: number;
}

/** Limits of the mel suite. */
export const melLimits = {
  pearson: 0.999,
  errorDb: 0.5,
  rangeDb: 60,
  signalRangeDb: 80,
  biasDb: 0.1,
  liveBins: 80,
  oraclesDb: 0.01,
} as const;

const { pearson, errorDb, rangeDb, signalRangeDb, biasDb, liveBins, oraclesDb } = melLimits;

export const melCriteria: readonly Criterion[] = [
  {
    name: "output",
    rule: "i16[frames, 80] with frames = 1 + ⌊(samples − 400)/160⌋, not constant",
    derivation: "no metric means anything for output of another size, or without a signal in it",
  },
  {
    name: "pearson",
    worse: "lower",
    rule:
      `pearson > ${pearson} over all frames and bands, in dB; on generated signals with both sides clamped at ` +
      `${signalRangeDb} dB below the clip's maximum`,
    derivation:
      "required of the kernel; a shift by one band or one frame, or another window, falls below it. Between the lines of " +
      "a pure tone the reference falls 130 dB, where a Q15 window has only its own rounding left (about −115 dB)",
  },
  {
    name: "error",
    worse: "higher",
    unit: "dB",
    rule: `|error| ≤ ${errorDb} dB where the reference is within ${rangeDb} dB of the clip's maximum`,
    derivation:
      "required of the kernel; Q15 weights of narrow bands (relative error 2⁻¹⁶/weight) and a power of 16 significant " +
      "bits stay below 0.1 dB there, a gain that is wrong by 1 dB or one lost bit does not",
  },
  {
    name: "bias",
    worse: "far from 0",
    unit: "dB",
    rule: `|mean error| ≤ ${biasDb} dB over the same region`,
    derivation: "Q8.8 rounds to nearest within 0.002 dB; errors on one side come from truncation or a wrong gain",
  },
  {
    name: "live bins",
    worse: "lower",
    rule:
      `all ${liveBins} bands rise above the floor and vary, on speech and synthetic speech; on a recording all bands ` +
      "that do in the reference",
    derivation:
      "bands whose edges are snapped to bins stay at the floor, which correlation over all bands hides; a band counts as " +
      "alive in the reference from 1 dB, in the output from 0.5 dB",
  },
  {
    name: "silence",
    rule: "the floor of −100 dB everywhere, for silence",
    derivation: "10·log10(1e-10), exact in Q8.8; noise of a kernel's own would show here first",
  },
  {
    name: "oracles",
    worse: "higher",
    unit: "dB",
    rule: `reference and meyda's power through the same filters differ by ≤ ${oraclesDb} dB within ${rangeDb} dB`,
    derivation: "two transforms by different authors; meyda stores magnitudes in float32, 2⁻²⁴ or 10⁻⁶ dB",
  },
];
