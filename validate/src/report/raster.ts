import type { Rgb } from "./colour-map.ts";
import { glyphColumns, glyphRows, glyphs, unknownGlyph } from "./glyphs.ts";
import type { RgbImage } from "./png.ts";

/** A rectangle in pixels; `x`, `y` is its top left corner. */
interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A line of text in the built-in 5×7 font, each dot `scale` pixels wide. */
interface TextLine {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  readonly colour: Rgb;
}

const advance = glyphColumns + 1;

export function createRaster(width: number, height: number, background: Rgb): RgbImage {
  const image = { width, height, rgb: new Uint8Array(width * height * 3) };
  fillRectangle(image, { x: 0, y: 0, width, height }, background);
  return image;
}

/** Fills a rectangle; what lies outside the picture is left out. */
export function fillRectangle(image: RgbImage, { x, y, width, height }: Rectangle, colour: Rgb): void {
  for (let row = Math.max(0, y); row < Math.min(image.height, y + height); row++) {
    for (let column = Math.max(0, x); column < Math.min(image.width, x + width); column++) {
      image.rgb.set(colour, (row * image.width + column) * 3);
    }
  }
}

export function drawText(image: RgbImage, { text, x, y, scale, colour }: TextLine): void {
  Array.from(text).forEach((character, i) => {
    const rows = glyphs[character] ?? unknownGlyph;
    for (let row = 0; row < glyphRows; row++) {
      const dots = Number.parseInt(rows[row] ?? "0", 32);
      for (let column = 0; column < glyphColumns; column++) {
        if (!(dots & (1 << (glyphColumns - 1 - column)))) continue;
        const left = x + (i * advance + column) * scale;
        fillRectangle(image, { x: left, y: y + row * scale, width: scale, height: scale }, colour);
      }
    }
  });
}

/** Width of a line of text in pixels, without the gap after the last character. */
export function textWidth(text: string, scale: number): number {
  return Math.max(0, Array.from(text).length * advance - 1) * scale;
}

export function textHeight(scale: number): number {
  return glyphRows * scale;
}
