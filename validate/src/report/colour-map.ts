/** Red, green, blue, 0…255. */
export type Rgb = readonly [number, number, number];

/** A colour for each position 0…1; values outside are clamped, NaN has the colour of {@link notANumber}. */
export type ColourMap = (position: number) => Rgb;

/** Full-strength green: in neither of the maps, so a value that is not a number cannot be overlooked. */
export const notANumber: Rgb = [0, 255, 0];

const steps = 256;

/**
 * Level: near-black indigo through red and orange to pale yellow. Lightness (L of Oklab) rises in proportion to the
 * position, so equal steps of level look equally large, in grey as well.
 */
export const levelMap: ColourMap = tabulate((t) =>
  oklch({ lightness: 0.13 + 0.84 * t, chroma: 0.04 + 0.17 * Math.sin(Math.PI * t) ** 0.8, hueDegrees: 280 + 185 * t }),
);

/** Difference: blue below ½, pale grey at ½, red above; both sides darken at the same rate. */
export const differenceMap: ColourMap = tabulate((t) => {
  const distance = Math.abs(2 * t - 1);
  return oklch({ lightness: 0.96 - 0.48 * distance, chroma: 0.22 * distance, hueDegrees: t < 0.5 ? 262 : 28 });
});

interface Oklch {
  readonly lightness: number;
  readonly chroma: number;
  readonly hueDegrees: number;
}

function tabulate(colour: (position: number) => Rgb): ColourMap {
  const table = Array.from({ length: steps }, (_, i) => colour(i / (steps - 1)));
  return (position) => {
    if (Number.isNaN(position)) return notANumber;
    const index = Math.round(Math.min(1, Math.max(0, position)) * (steps - 1));
    return table[index] ?? notANumber;
  };
}

// Less chroma until the colour exists in sRGB: lightness and hue stay.
function oklch({ lightness, chroma, hueDegrees }: Oklch): Rgb {
  const hue = (hueDegrees * Math.PI) / 180;
  for (let c = chroma; c > 0; c -= 0.002) {
    const linear = oklabToLinear(lightness, c * Math.cos(hue), c * Math.sin(hue));
    if (linear.every((v) => v >= -1e-4 && v <= 1.0001)) return toBytes(linear);
  }
  return toBytes(oklabToLinear(lightness, 0, 0));
}

// Björn Ottosson, "A perceptual color space for image processing" (2020): Oklab to linear sRGB.
function oklabToLinear(lightness: number, a: number, b: number): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

// The transfer function of IEC 61966-2-1.
function toBytes(linear: Rgb): Rgb {
  const encode = (v: number): number => {
    const clamped = Math.min(1, Math.max(0, v));
    return Math.round(255 * (clamped <= 0.0031308 ? 12.92 * clamped : 1.055 * clamped ** (1 / 2.4) - 0.055));
  };
  return [encode(linear[0]), encode(linear[1]), encode(linear[2])];
}
