import type { DesignLink } from "@aiekit/host";
import type { TileCoord } from "@aiekit/mlir";

/** Where a link leaves or enters a tile: its `top`, towards higher rows, or its `bottom`. */
export interface LinkPort {
  readonly link: number;
  readonly tile: TileCoord;
  readonly side: "top" | "bottom";
  readonly end: "source" | "sink";
  /** The space between rows that the port opens on: `gutter` r lies below row r. */
  readonly gutter: number;
}

/** Ports of a link. It runs along each of the gutters, and where there are several up or down beside its source's column. */
export interface LinkPlan {
  readonly link: DesignLink;
  readonly ports: readonly LinkPort[];
  readonly gutters: readonly number[];
}

/** Chooses sides: a link leaves towards its receivers and enters from where it comes; in a row of its own from below. */
export function planLinks(links: readonly DesignLink[]): LinkPlan[] {
  return links.map((link, index) => {
    const allAbove = link.to.every(({ row }) => row > link.from.row);
    const leave = port(index, link.from, allAbove ? "top" : "bottom", "source");
    const enter = link.to.map((tile) => port(index, tile, tile.row < link.from.row ? "top" : "bottom", "sink"));
    const ports = [leave, ...enter];
    return { link, ports, gutters: [...new Set(ports.map(({ gutter }) => gutter))].sort((a, b) => a - b) };
  });
}

function port(link: number, tile: TileCoord, side: LinkPort["side"], end: LinkPort["end"]): LinkPort {
  return { link, tile, side, end, gutter: side === "top" ? tile.row + 1 : tile.row };
}
