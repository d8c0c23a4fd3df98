import { type ArrayConfig, type DesignLink, designLinks, resourceUse } from "@aiekit/host";
import type { TileCoord } from "@aiekit/mlir";
import { type ArrayLayout, type LinkLayout, labelSize, layoutArray } from "./array-layout.ts";
import { element, textWidth } from "./svg-text.ts";
import { tileBox, tileBoxSize } from "./tile-box.ts";
import { type TileContents, tileContents } from "./tile-contents.ts";

export interface ArrayPicture {
  /** A whole file. */
  readonly svg: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly layout: ArrayLayout;
  readonly links: readonly DesignLink[];
  readonly tiles: readonly TileContents[];
}

const headLines = 3;
const headLineHeight = 15;
const headLeft = 20;
const headSize = (line: number): number => (line === 0 ? 13 : 9);

/**
 * A lowered design as a picture: tiles with kernels, memory maps and use, and objectFifos, flows and cascades as arrows. Rows
 * and columns are those of the design's tiles, and what lies between. `declared`: tiles of the design before lowering, which
 * leaves out those that nothing uses.
 */
export function arrayPicture(
  config: ArrayConfig,
  { title, declared = [] }: { readonly title: string; readonly declared?: readonly TileCoord[] },
): ArrayPicture {
  const links = designLinks(config);
  const use = resourceUse(config);
  const tiles = span([...config.tiles, ...declared]).map((tile) => tileContents({ config, use, links }, tile));
  const sizes = tiles.map((contents) => ({ tile: contents.tile, ...tileBoxSize(contents) }));
  const layout = layoutArray(sizes, links, 24 + headLines * headLineHeight);
  const colourOf = colours([...links.map(({ name }) => name), ...tiles.flatMap(ownersOf)]);
  const head = [
    `${title}, ${config.device.name}`,
    "lines: streams; dashed: memory that neighbours share; dash and dot: packets; dotted: cascade",
    "as lowered, nothing was run; memory without statics of kernels; shim BDs of runtime sequences are not counted",
  ];
  const words = head.map((text, i) => textWidth(text, headSize(i)) + 2 * headLeft);
  const [width, height] = [Math.ceil(Math.max(layout.width, ...words)), Math.ceil(layout.height)];
  const parts = [
    element("title", {}, { text: title }),
    `<style>${style}</style>`,
    element("rect", { width, height, fill: "#fff" }),
    ...head.map((text, i) =>
      element("text", { x: headLeft, y: 24 + i * headLineHeight, "font-size": headSize(i) }, { text }),
    ),
    ...tiles.map((contents, i) => tileBox(contents, layout.boxes[i]!, colourOf)),
    ...layout.links.map((one) => lines(one, colourOf(one.link.name))),
    ...layout.links.flatMap((one) => labels(one, colourOf(one.link.name))),
  ];
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  const svg = element("svg", { xmlns: "http://www.w3.org/2000/svg", ...size }, { children: parts });
  return { svg: `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`, width, height, layout, links, tiles };
}

const style = `text{font-family:"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#222}
.tile{fill:#f6f7f9;stroke:#555}.idle{stroke:#ccc}.bar{fill:#fff;stroke:#aaa;stroke-width:.6}.used{fill:#6b7280}.over{fill:#c00}
.piece{stroke:#fff;stroke-width:.4}.link{fill:none;stroke-width:1.3}
.memory{stroke-dasharray:5 3}.packet{stroke-dasharray:7 3 2 3}.cascade{stroke-dasharray:2 2}`;

/** All places of the rectangle that the design's tiles span, by column, then row. */
function span(tiles: readonly TileCoord[]): TileCoord[] {
  const [cols, rows] = [tiles.map(({ col }) => col), tiles.map(({ row }) => row)];
  const found: TileCoord[] = [];
  for (let col = Math.min(...cols); col <= Math.max(...cols); col++) {
    for (let row = Math.min(...rows); row <= Math.max(...rows); row++) found.push({ col, row });
  }
  return found;
}

const ownersOf = ({ memory }: TileContents): string[] => memory.map(({ owner }) => owner);

/** A colour for each name: hues a golden angle apart, so that names that follow each other differ. */
function colours(names: readonly string[]): (name: string) => string {
  const order = [...new Set(names)].filter((name) => name !== "stack");
  const hues = new Map(order.map((name, i) => [name, Math.round((210 + i * 137.5) % 360)]));
  return (name) => {
    const hue = hues.get(name);
    return hue === undefined ? "#b8bcc4" : `hsl(${hue}, 62%, 42%)`;
  };
}

function lines({ link, segments, arrows }: LinkLayout, colour: string): string {
  const path = segments.map(({ from, to }) => `M${at(from.x)} ${at(from.y)}L${at(to.x)} ${at(to.y)}`).join("");
  const heads = arrows.map(({ x, y, up }) => {
    const base = y + (up ? 7 : -7);
    return element("path", {
      d: `M${at(x)} ${at(y)}L${at(x - 3)} ${at(base)}L${at(x + 3)} ${at(base)}Z`,
      fill: colour,
    });
  });
  const title = element("title", {}, { text: `${link.name}: ${link.kind}, ${ends(link)}` });
  const line = element("path", { class: `link ${link.kind}`, d: path, stroke: colour }, { children: [title] });
  return element("g", {}, { children: [line, ...heads] });
}

function ends({ from, to }: DesignLink): string {
  const text = ({ col, row }: TileCoord): string => `(${col},${row})`;
  return `${text(from)} to ${to.map(text).join(", ")}`;
}

/** Names on white, so that lines of other links pass below them and not between their letters. */
function labels({ link, labels: places }: LinkLayout, colour: string): string[] {
  return places.flatMap(({ x, y, width, height }) => [
    element("rect", { class: "label", x, y, width, height, fill: "#fff" }),
    element("text", { x, y: y + height - 2, "font-size": labelSize, style: `fill:${colour}` }, { text: link.name }),
  ]);
}

const at = (pixels: number): number => Math.round(pixels * 100) / 100;
