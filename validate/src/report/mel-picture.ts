import { ShapeError } from "@aiekit/core";
import { type MelDefinition, mel80 } from "../references/mel-definition.ts";
import { melEdgesHz } from "../references/mel-filters.ts";
import { type ColourMap, differenceMap, levelMap, type Rgb } from "./colour-map.ts";
import { encodePng, type RgbImage } from "./png.ts";
import { createRaster, drawText, fillRectangle, textHeight, textWidth } from "./raster.ts";

export interface MelPictureOptions {
  readonly frames: number;
  readonly bins: number;
  /** dB at the dark end; default 80 below `maxDb`. For a difference: −maxDb. */
  readonly minDb?: number;
  /** dB at the bright end; default the largest value. For a difference: the largest magnitude. */
  readonly maxDb?: number;
  /** `level` is for features, `difference` for actual − reference around 0. Default `level`. */
  readonly kind?: "level" | "difference";
  /** Pixels for one frame across and one bin up; default chosen so that the plot is about 960 × 320. */
  readonly pixelsPerFrame?: number;
  readonly pixelsPerBin?: number;
  /** Frame, title, time and frequency axes and a colour bar around the plot; default true. */
  readonly axes?: boolean;
  readonly title?: string;
  /** Where times and frequencies of the axes come from; default the 80-band definition. */
  readonly definition?: MelDefinition;
}

/**
 * A PNG of log-mel features: time to the right, low bins at the bottom. `db`: [frames, bins] in dB.
 * @throws ShapeError when `db` is not [frames, bins], or has no frame.
 */
export function melPicture(db: ArrayLike<number>, options: MelPictureOptions): Uint8Array {
  const { frames, bins } = options;
  if (frames < 1 || bins < 1 || db.length !== frames * bins) {
    throw new ShapeError(`mel picture: expected [${frames}, ${bins}] values with at least one frame, got ${db.length}`);
  }
  const plot = layOut(db, options);
  const image = createRaster(plot.width, plot.height, background);
  paintFeatures(image, db, plot);
  if (options.axes ?? true) paintAxes(image, plot, options);
  return encodePng(image);
}

const background: Rgb = [18, 18, 26];
const ink: Rgb = [214, 214, 226];
const faint: Rgb = [120, 120, 140];
const textScale = 2;
const tick = 6;

interface Plot {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly bins: number;
  readonly perFrame: number;
  readonly perBin: number;
  readonly minDb: number;
  readonly maxDb: number;
  readonly colours: ColourMap;
}

function layOut(db: ArrayLike<number>, options: MelPictureOptions): Plot {
  const { frames, bins, kind = "level", axes = true } = options;
  const perFrame = options.pixelsPerFrame ?? Math.max(1, Math.round(960 / frames));
  const perBin = options.pixelsPerBin ?? Math.max(1, Math.round(320 / bins));
  const margin = axes ? { left: 62, top: 34, right: 118, bottom: 52 } : { left: 0, top: 0, right: 0, bottom: 0 };
  const maxDb = options.maxDb ?? largest(db, kind);
  return {
    left: margin.left,
    top: margin.top,
    width: margin.left + frames * perFrame + margin.right,
    height: margin.top + bins * perBin + margin.bottom,
    frames,
    bins,
    perFrame,
    perBin,
    maxDb,
    minDb: options.minDb ?? (kind === "level" ? maxDb - 80 : -maxDb),
    colours: kind === "level" ? levelMap : differenceMap,
  };
}

function largest(db: ArrayLike<number>, kind: "level" | "difference"): number {
  const values = Array.from(db, (v) => (kind === "level" ? v : Math.abs(v))).filter((v) => Number.isFinite(v));
  const found = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(found)) return 0;
  // A difference of 0 everywhere still needs a scale with two ends.
  return kind === "level" ? found : Math.max(found, 0.01);
}

function paintFeatures(image: RgbImage, db: ArrayLike<number>, plot: Plot): void {
  for (let f = 0; f < plot.frames; f++) {
    for (let b = 0; b < plot.bins; b++) {
      const position = (db[f * plot.bins + b]! - plot.minDb) / (plot.maxDb - plot.minDb);
      const cell = {
        x: plot.left + f * plot.perFrame,
        y: plot.top + (plot.bins - 1 - b) * plot.perBin,
        width: plot.perFrame,
        height: plot.perBin,
      };
      fillRectangle(image, cell, plot.colours(position));
    }
  }
}

function paintAxes(image: RgbImage, plot: Plot, options: MelPictureOptions): void {
  const definition = options.definition ?? mel80;
  const centreOf = (height: number) => height - Math.floor(textHeight(textScale) / 2);
  const bottom = plot.top + plot.bins * plot.perBin;
  const write = (text: string, x: number, y: number, colour: Rgb = ink) =>
    drawText(image, { text, x: Math.round(x), y: Math.round(y), scale: textScale, colour });

  if (options.title) write(options.title, plot.left, 10);

  const secondsPerFrame = definition.hopSamples / definition.sampleRateHz;
  for (const seconds of timeTicks(plot.frames * secondsPerFrame)) {
    const x = plot.left + Math.round((seconds / secondsPerFrame) * plot.perFrame);
    fillRectangle(image, { x, y: bottom, width: 2, height: tick }, faint);
    const text = `${Number(seconds.toFixed(2))}`;
    write(text, x - textWidth(text, textScale) / 2, bottom + tick + 4);
  }
  write("s", plot.left + plot.frames * plot.perFrame + 8, bottom + tick + 4, faint);

  const centres = melEdgesHz({ ...definition, bins: plot.bins }).subarray(1, plot.bins + 1);
  for (const hz of [250, 500, 1000, 2000, 4000].filter((f) => f < definition.highHz)) {
    const bin = nearest(centres, hz);
    const y = plot.top + Math.round((plot.bins - bin - 0.5) * plot.perBin);
    fillRectangle(image, { x: plot.left - tick, y, width: tick, height: 2 }, faint);
    const text = hz < 1000 ? `${hz}` : `${hz / 1000}k`;
    write(text, plot.left - tick - 4 - textWidth(text, textScale), centreOf(y));
  }
  write("Hz", 4, plot.top - 20, faint);
  paintColourBar(image, plot);
}

function paintColourBar(image: RgbImage, plot: Plot): void {
  const height = plot.bins * plot.perBin;
  const x = plot.left + plot.frames * plot.perFrame + 16;
  for (let row = 0; row < height; row++) {
    const position = 1 - row / Math.max(1, height - 1);
    fillRectangle(image, { x, y: plot.top + row, width: 14, height: 1 }, plot.colours(position));
  }
  const label = (text: string, y: number) =>
    drawText(image, { text, x: x + 20, y: Math.round(y), scale: textScale, colour: ink });
  label(levelText(plot.maxDb), plot.top);
  label("dB", plot.top + height / 2 - textHeight(textScale) / 2);
  label(levelText(plot.minDb), plot.top + height - textHeight(textScale));
}

function levelText(db: number): string {
  return Math.abs(db) >= 10 ? db.toFixed(0) : db.toFixed(2);
}

function timeTicks(seconds: number): number[] {
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60].find((s) => seconds / s <= 8) ?? 600;
  return Array.from({ length: Math.floor(seconds / step + 1e-9) + 1 }, (_, i) => i * step);
}

function nearest(values: Float64Array, wanted: number): number {
  let best = 0;
  values.forEach((value, i) => {
    if (Math.abs(value - wanted) < Math.abs(values[best]! - wanted)) best = i;
  });
  return best;
}
