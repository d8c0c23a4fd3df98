// Prints the coefficients of the polynomials in kernels/math: Chebyshev interpolation at 200 nodes, cut off at the degree,
// as powers of the variable that the header uses, in the units that it uses.
//
//   node scripts/fit-kernel-polynomials.mjs

const fits = [
  {
    header: "exp2_fixed.h, in f - 1/2; units 2^-33, 2^-32, 2^-32, 2^-34, 2^-18",
    // The kernel cuts f to 16 bits: it is 2^-17 more than what it computes with, on average.
    f: (x) => 2 ** (x + 0.5 + 2 ** -17) - 1.5 - x - 2 ** -17,
    range: [-0.5, 0.5],
    degree: 4,
    centre: 0,
    bits: [33, 32, 32, 34, 18],
  },
  {
    header: "gelu.h: log2 of the upper tail, in (a - 4) / 4; units 2^-24",
    f: (a) => Math.log2(erfc(a / Math.SQRT2) / 2),
    range: [0, 8],
    degree: 7,
    centre: 4,
    scale: 4,
    bits: Array(8).fill(24),
  },
  {
    header: "reciprocal.h: 1 / m, in m - 3/2; units 2^-30",
    f: (m) => 1 / m,
    range: [1, 2],
    degree: 3,
    centre: 1.5,
    bits: Array(4).fill(30),
  },
  {
    header: "reciprocal_sqrt.h: 1 / sqrt(m), in m - 3/2; units 2^-30",
    f: (m) => 1 / Math.sqrt(m),
    range: [1, 2],
    degree: 2,
    centre: 1.5,
    bits: Array(3).fill(30),
  },
];

for (const { header, f, range, degree, centre, scale = 1, bits } of fits) {
  const [low, high] = range;
  const half = (high - low) / 2;
  const inUnit = powersOfChebyshev(chebyshev((u) => f(low + half * (u + 1)), degree));
  // From u in [-1, 1] to (x - centre) / scale, which has the same middle.
  const inX = inUnit.map((c, k) => c * (scale / half) ** k);
  let worst = 0;
  for (let i = 0; i <= 20_000; i++) {
    const x = low + ((high - low) * i) / 20_000;
    const value = inX.reduceRight((sum, c) => sum * ((x - centre) / scale) + c, 0);
    worst = Math.max(worst, Math.abs(value - f(x)));
  }
  console.log(`${header}\n  error 2^${Math.log2(worst).toFixed(2)}`);
  console.log(`  ${inX.map((c, k) => Math.round(c * 2 ** bits[k])).join(", ")}`);
}

/** Coefficients of T_0..T_degree of a function on [-1, 1]. */
function chebyshev(f, degree) {
  const nodes = 200;
  return Array.from({ length: degree + 1 }, (_, j) => {
    let sum = 0;
    for (let k = 0; k < nodes; k++) {
      const angle = (Math.PI * (k + 0.5)) / nodes;
      sum += f(Math.cos(angle)) * Math.cos(j * angle);
    }
    return (sum * (j === 0 ? 1 : 2)) / nodes;
  });
}

function powersOfChebyshev(coefficients) {
  const powers = coefficients.map(() => 0);
  let [before, now] = [[1], [0, 1]];
  for (const c of coefficients) {
    before.forEach((v, i) => {
      powers[i] += c * v;
    });
    const next = [0, ...now.map((v) => 2 * v)];
    before.forEach((v, i) => {
      next[i] -= v;
    });
    [before, now] = [now, next];
  }
  return powers;
}

/** Maclaurin series below 2, Laplace's continued fraction above (Abramowitz and Stegun 7.1.5 and 7.1.14). */
function erfc(x) {
  if (x < 2) {
    let [sum, term] = [0, x];
    for (let n = 0; n < 200; n++) {
      sum += term / (2 * n + 1);
      term *= -(x * x) / (n + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let tail = 0;
  for (let k = 200; k >= 1; k--) tail = k / 2 / (x + tail);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + tail);
}
