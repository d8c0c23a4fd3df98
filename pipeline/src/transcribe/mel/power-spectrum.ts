/** Samples of a frame, which is not padded: 25 ms at 16 kHz. */
export const frameSamples = 400;
/** 0 to 8 kHz in steps of 40 Hz. */
export const spectrumBins = frameSamples / 2 + 1;

// 400 = 16 x 25: transforms of 16 over every 25th sample, then sums of 25.
const columns = 25;
const rows = frameSamples / columns;
const half = rows / 2 + 1;

/**
 * |X[k]|² of 400 real samples, 201 bins, in float64: X[k] = Σ_r w^(rk) Y_r[k mod 16], Y_r the transform of samples r, r + 25, ...
 * Source: Cooley, Tukey, Math. Comp. 19 (1965).
 */
export function powerSpectrum(frame: Float64Array, power: Float64Array): void {
  for (let r = 0; r < columns; r++) {
    for (let q = 0; q < half; q++) {
      let [re, im] = [0, 0];
      for (let m = 0; m < rows; m++) {
        const value = frame[m * columns + r]!;
        re += value * rowCosines[q * rows + m]!;
        im -= value * rowSines[q * rows + m]!;
      }
      real[q * columns + r] = re;
      imaginary[q * columns + r] = im;
    }
  }
  for (let k = 0; k < spectrumBins; k++) {
    // A real input's transform mirrors: Y[16 - q] is the conjugate of Y[q].
    const q = k % rows;
    const [from, sign] = q < half ? [q * columns, 1] : [(rows - q) * columns, -1];
    let [re, im] = [0, 0];
    for (let r = 0, turn = 0; r < columns; r++) {
      const [a, b] = [real[from + r]!, sign * imaginary[from + r]!];
      re += a * cosines[turn]! + b * sines[turn]!;
      im += b * cosines[turn]! - a * sines[turn]!;
      turn += k;
      if (turn >= frameSamples) turn -= frameSamples;
    }
    power[k] = re * re + im * im;
  }
}

const cosines = Float64Array.from({ length: frameSamples }, (_, n) => Math.cos((2 * Math.PI * n) / frameSamples));
const sines = Float64Array.from({ length: frameSamples }, (_, n) => Math.sin((2 * Math.PI * n) / frameSamples));
const rowTurn = (i: number) => ((i % rows) * Math.floor(i / rows) * columns) % frameSamples;
const rowCosines = Float64Array.from({ length: half * rows }, (_, i) => cosines[rowTurn(i)]!);
const rowSines = Float64Array.from({ length: half * rows }, (_, i) => sines[rowTurn(i)]!);
const real = new Float64Array(half * columns);
const imaginary = new Float64Array(half * columns);
