import { ShapeError } from "@aiekit/core";
import { expect, test } from "vitest";
import { differenceMap, levelMap, notANumber, type Rgb } from "./colour-map.ts";
import { glyphs } from "./glyphs.ts";
import { melPicture } from "./mel-picture.ts";
import { decodePng, type RgbImage } from "./png.ts";
import { createRaster, drawText, textWidth } from "./raster.ts";

const pixel = ({ rgb, width }: RgbImage, x: number, y: number) => [
  ...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

// WCAG's relative luminance: a measure of lightness that is not Oklab's.
function luminance(colour: Rgb): number {
  const linear = colour.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
}

test("the level map's luminance rises from below 0.01 to above 0.85 without a step back", () => {
  const levels = Array.from({ length: 64 }, (_, i) => luminance(levelMap(i / 63)));

  for (let i = 1; i < levels.length; i++) expect(levels[i]!).toBeGreaterThan(levels[i - 1]!);
  expect(levels[0]).toBeLessThan(0.01);
  expect(levels[63]).toBeGreaterThan(0.85);
});

test("the difference map is pale at ½, blue below, red above", () => {
  const [middle, low, high] = [differenceMap(0.5), differenceMap(0), differenceMap(1)];

  expect(luminance(middle)).toBeGreaterThan(0.85);
  expect(low[2] - low[0]).toBeGreaterThan(100);
  expect(high[0] - high[2]).toBeGreaterThan(100);
});

test("positions outside 0…1 are clamped, NaN has a colour of its own", () => {
  expect(levelMap(7)).toEqual(levelMap(1));
  expect(levelMap(-7)).toEqual(levelMap(0));
  expect(levelMap(Number.NaN)).toEqual(notANumber);
});

test("bin 0 of frame 0 is at the bottom left, the last bin of the last frame at the top right", () => {
  const db = new Float64Array(3 * 2).fill(-80);
  db[0] = 0;
  const options = { frames: 3, bins: 2, minDb: -80, maxDb: 0, pixelsPerFrame: 4, pixelsPerBin: 5, axes: false };

  const image = decodePng(melPicture(db, options));

  expect([image.width, image.height]).toEqual([12, 10]);
  expect(pixel(image, 3, 9)).toEqual([...levelMap(1)]);
  expect(pixel(image, 4, 9)).toEqual([...levelMap(0)]);
  expect(pixel(image, 3, 4)).toEqual([...levelMap(0)]);
});

test("a picture of constant or NaN features can be drawn", () => {
  expect(() => melPicture(new Float64Array(80), { frames: 1, bins: 80 })).not.toThrow();
  const broken = decodePng(
    melPicture([Number.NaN], { frames: 1, bins: 1, pixelsPerFrame: 1, pixelsPerBin: 1, axes: false }),
  );
  expect(pixel(broken, 0, 0)).toEqual([...notANumber]);
});

test("features that are not [frames, bins] are refused", () => {
  expect(() => melPicture(new Float64Array(79), { frames: 1, bins: 80 })).toThrow(ShapeError);
  expect(() => melPicture([], { frames: 0, bins: 80 })).toThrow(ShapeError);
});

test("a 1 in the 5×7 font has its stem in the middle column", () => {
  const image = createRaster(textWidth("1", 1), 7, [0, 0, 0]);

  drawText(image, { text: "1", x: 0, y: 0, scale: 1, colour: [255, 255, 255] });

  expect([0, 1, 2, 3, 4].map((x) => pixel(image, x, 3)[0])).toEqual([0, 0, 255, 0, 0]);
});

test("all characters of the font have seven rows and no two look alike but the two minus signs", () => {
  const shapes = Object.values(glyphs);
  expect(shapes.every((rows) => /^[0-9a-v]{7}$/.test(rows))).toBe(true);
  expect(new Set(shapes).size).toBe(shapes.length - 1);
});
