/** What a frame has above the noise. */
export interface SpeechScore {
  /** Mean excess of the third of the bands that stands out most, dB. */
  readonly excessDb: number;
  /** How uneven the excess is over the bands, its slope taken out: standard deviation, dB. Noise is even, voices are not. */
  readonly contourDb: number;
}

const largestExcessDb = 40;
const outstanding = 1 / 3;

/** `levels` and `floor`: dB per band. */
export function speechScore(levels: Float64Array, floor: Float64Array): SpeechScore {
  const excess = levels.map((level, band) => Math.min(largestExcessDb, Math.max(0, level - floor[band]!)));
  const contourDb = deviationFromLine(excess);
  const count = Math.max(1, Math.round(excess.length * outstanding));
  const top = excess.sort().subarray(excess.length - count);
  return { excessDb: top.reduce((sum, value) => sum + value, 0) / count, contourDb };
}

/** Standard deviation from the line of least squares over the index. */
function deviationFromLine(values: Float64Array): number {
  const { length } = values;
  const middle = (length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / length;
  let [products, squares] = [0, 0];
  values.forEach((value, i) => {
    products += (i - middle) * (value - mean);
    squares += (i - middle) ** 2;
  });
  const slope = squares > 0 ? products / squares : 0;
  const variance = values.reduce((sum, value, i) => sum + (value - mean - slope * (i - middle)) ** 2, 0) / length;
  return Math.sqrt(variance);
}
