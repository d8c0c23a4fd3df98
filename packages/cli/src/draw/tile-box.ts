import type { ResourceUse } from "@aiekit/host";
import type { Rect } from "./geometry.ts";
import { element, textWidth } from "./svg-text.ts";
import type { TileContents } from "./tile-contents.ts";

const titleSize = 11;
/** Of all other text in a box. */
const fontSize = 9;
const lineHeight = 12;
const padding = 8;
const memoryBarHeight = 12;
const useBarWidth = 60;
const swatch = 8;

/** Pixels that a tile's box needs. */
export function tileBoxSize(contents: TileContents): { readonly width: number; readonly height: number } {
  const { title, kernels, memoryLines, use, dataBytes } = contents;
  const widths = [
    textWidth(title, titleSize),
    ...kernels.map((name) => textWidth(name, fontSize)),
    ...memoryLines.map(({ text }) => swatch + 4 + textWidth(text, fontSize)),
    ...use.map((one) => textWidth(useText(one), fontSize) + 8 + useBarWidth),
  ];
  const bar = dataBytes > 0 ? memoryBarHeight + 6 : 0;
  const lines = kernels.length + memoryLines.length + use.length;
  return { width: Math.max(...widths) + 2 * padding, height: 2 * padding + lineHeight + bar + lines * lineHeight };
}

/** The box of a tile as SVG: what it is, its kernels, the map of its memory, what the design takes of it. */
export function tileBox(contents: TileContents, box: Rect, colourOf: (owner: string) => string): string {
  const { title, kernels, memoryLines, use, dataBytes } = contents;
  const left = box.x + padding;
  const width = box.width - 2 * padding;
  let y = box.y + padding;
  const text = (words: string, x: number, size = fontSize, weight = "normal"): string => {
    y += lineHeight;
    return element("text", { x, y: y - 3, "font-size": size, "font-weight": weight }, { text: words });
  };
  const idle = use.length === 0 && kernels.length === 0;
  const { x: boxX, y: boxY, ...size } = box;
  const parts = [
    element("rect", { class: idle ? "idle tile" : "tile", x: boxX, y: boxY, ...size, rx: 4 }),
    text(title, left, titleSize, "bold"),
    ...kernels.map((name) => text(name, left)),
  ];
  if (dataBytes > 0) {
    parts.push(memoryBar(contents, { x: left, y: y + 2, width, height: memoryBarHeight }, colourOf));
    y += memoryBarHeight + 6;
  }
  for (const { owner, text: words } of memoryLines) {
    const [side, top] = [swatch, y + 2];
    parts.push(element("rect", { x: left, y: top, width: side, height: side, fill: colourOf(owner) }));
    parts.push(text(words, left + swatch + 4));
  }
  for (const one of use) {
    const bar = { x: left + width - useBarWidth, y: y + 3, height: 6, rx: 1 };
    const filled = (useBarWidth * Math.min(one.used, one.limit)) / one.limit;
    parts.push(element("rect", { class: "bar", ...bar, width: useBarWidth }));
    parts.push(element("rect", { class: one.used > one.limit ? "over" : "used", ...bar, width: filled }));
    parts.push(text(useText(one), left));
  }
  return element("g", { id: `tile-${contents.tile.col}-${contents.tile.row}` }, { children: parts });
}

/** Data memory from address 0 on the left to its end on the right. */
function memoryBar({ memory, dataBytes }: TileContents, bar: Rect, colourOf: (owner: string) => string): string {
  const pieces = memory.map(({ owner, name, address, bytes }) => {
    const x = bar.x + (bar.width * address) / dataBytes;
    const width = (bar.width * bytes) / dataBytes;
    const title = element("title", {}, { text: `${name}: 0x${address.toString(16)}, ${bytes} bytes` });
    const place = { x, y: bar.y, width, height: bar.height };
    return element("rect", { class: "piece", ...place, fill: colourOf(owner) }, { children: [title] });
  });
  const { x, y, width, height } = bar;
  return [element("rect", { class: "bar", x, y, width, height }), ...pieces].join("");
}

function useText({ resource, used, limit }: ResourceUse): string {
  return `${resource} ${used} of ${limit} (${Math.round((100 * used) / limit)} %)`;
}
